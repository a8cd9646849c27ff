"""Why a job does not run by itself."""

from typing import Any

import pytest
from django_celery_beat.models import CrontabSchedule
from rest_framework.test import APIClient

from scheduling import control, installing, registry
from scheduling.registry import Job
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db


def shown(api: APIClient, job_id: str) -> dict[str, Any]:
    return dict(api.get(f"/scheduler/jobs/{job_id}").json())


def test_a_schedule_that_cannot_be_hides_no_job_and_can_be_repaired(api: APIClient, declare: Declare) -> None:
    for job_id in ("bad", "good"):
        declare(name=job_id, schedule=control.cron("0 18 * * *"))
    CrontabSchedule.objects.filter(periodictask__name="bad").update(minute="99")
    bad, good = api.get("/scheduler/jobs").json()
    assert (bad["next_run"], bad["note"]) == (
        None,
        "The cron expression '99 18 * * *' cannot be read: Invalid end range: 99 > 59.",
    )
    assert (good["next_run"] is None, good["note"]) == (False, "")
    assert api.get("/scheduler/jobs/bad/status").json()["next_runs"] == []
    assert [run["job_id"] for run in api.get("/scheduler/status").json()["next_runs"]] == ["good"]
    assert api.put("/scheduler/jobs/bad", {"cron_expression": "0 9 * * *"}).status_code == 200
    assert (shown(api, "bad")["schedule_time"], shown(api, "bad")["note"]) == ("09:00", "")


def test_a_job_that_is_installed_off_says_why_until_it_is_started(api: APIClient, jobs: dict[str, Job]) -> None:
    options: dict[str, Any] = {"default_cron": "0 1 * * *", "is_enabled": False, "note": "Not yet."}
    registry.register(Job(name="later", title="L", description="It.", function=print, **options))
    installing.install_schedules()
    assert shown(api, "later")["note"] == "Not yet."
    api.post("/scheduler/jobs/later/start")
    assert shown(api, "later")["note"] == ""
