import json
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django_celery_beat.models import CrontabSchedule

from scheduling import control, executions, registry, running
from scheduling.context import Outcome, Status
from scheduling.models import Execution, JobConfig, Pool
from scheduling.registry import Job, JobKwargs
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db(transaction=True)


class Limit(JobKwargs):
    limit: int = 3


def command(*arguments: str) -> tuple[dict[str, Any] | None, int, str]:
    """The JSON object of a command, its exit code, and what it said on standard error."""
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except SystemExit as error:
        code = int(error.code or 0)
    last = out.getvalue().splitlines()[-1:]
    return (json.loads(last[0]) if last else None), code, err.getvalue()


def test_run_job_runs_and_reports(declare: Declare) -> None:
    declare(lambda context, limit: {"limit": limit}, kwargs_model=Limit)
    report, code, _ = command("run_job", "job", "--kwargs", '{"limit": 5}', "--json")
    assert report is not None
    assert (code, set(report)) == (0, {"execution_id", "status", "duration_ms", "result"})
    assert (report["status"], report["result"]) == ("SUCCESS", {"limit": 5})
    execution = Execution.objects.get()
    assert (str(execution.id), execution.trigger) == (report["execution_id"], "command")


def test_run_job_ends_with_1_where_the_job_did_not_do_it_all(declare: Declare) -> None:
    def fails(context: Any) -> None:
        raise ValueError("no such day")

    declare(fails, name="fails", max_retries=3)
    declare(lambda context: Outcome(Status.PARTIAL, message="One failed."), name="partly")
    report, code, said = command("run_job", "fails", "--json")
    assert report is not None
    assert (code, report["status"], said.strip()) == (1, "FAILED", "ValueError: no such day")
    report, code, said = command("run_job", "partly", "--json")
    assert report is not None
    assert (code, report["status"]) == (1, "PARTIAL")


def test_run_job_ends_with_2_for_a_job_or_kwargs_that_cannot_be(declare: Declare) -> None:
    declare(lambda context, limit: {}, kwargs_model=Limit)
    assert command("run_job", "nothing", "--json")[:2] == (None, 2)
    report, code, said = command("run_job", "job", "--kwargs", '{"limit": "many"}')
    assert (report, code) == (None, 2)
    assert "job: limit:" in said
    for wrong in ("{", "[1]"):
        with pytest.raises(CommandError, match="is not"):
            call_command("run_job", "job", "--kwargs", wrong)
    assert not Execution.objects.exists()


def test_run_job_ends_with_3_while_another_run_goes_on(declare: Declare) -> None:
    declare(name="alone")
    declare(name="pooled", pool="provider")
    declare(name="other", pool="provider")
    running.trigger_now("alone")
    assert command("run_job", "alone", "--json")[:2] == (None, 3)
    running.trigger_now("other")
    other = Execution.objects.get(job_id="other")
    assert executions.claim(other)
    report, code, said = command("run_job", "pooled", "--json")
    assert (report, code, "pool 'provider'" in said) == (None, 3, True)
    assert not Execution.objects.filter(job_id="pooled").exists()
    assert Pool.objects.get().slots == 1


def test_run_job_installs_a_declared_job_that_is_not_configured_yet(jobs: dict[str, Job]) -> None:
    registry.register(
        Job(name="daily", title="D", description="It.", function=lambda context: None, default_cron="0 18 * * *")
    )
    assert command("run_job", "daily", "--json")[1] == 0
    assert control.get("daily").cron_expression == "0 18 * * *"


def test_jobs_shows_each_job_with_its_schedule(declare: Declare) -> None:
    declare(name="daily", schedule=control.cron("0 18 * * *"))
    declare(name="by_hand")
    report, code, _ = command("jobs", "--json")
    assert report is not None
    by_hand, daily = report["jobs"]
    assert code == 0
    assert (daily["cron_expression"], daily["timezone"], daily["enabled"]) == ("0 18 * * *", "Asia/Shanghai", True)
    assert daily["next_run_at"].endswith("T10:00:00+00:00")
    assert (by_hand["schedule"], by_hand["next_run_at"]) == ("by hand", None)
    out = StringIO()
    control.pause("by_hand", "Too dear.")
    call_command("jobs", stdout=out)
    by_hand_line, daily_line = out.getvalue().splitlines()
    assert re.fullmatch(r"daily +on +At 18:00 \(Asia/Shanghai\) +next \d{4}-\d\d-\d\d 18:00 CST", daily_line)
    assert re.fullmatch(r"by_hand +off +by hand +Too dear\.", by_hand_line)


def test_a_schedule_that_cannot_be_stops_no_command(declare: Declare) -> None:
    declare(name="bad", schedule=control.cron("0 18 * * *"))
    CrontabSchedule.objects.update(minute="99")
    report, code, _ = command("jobs", "--json")
    assert report is not None
    assert (code, report["jobs"][0]["next_run_at"]) == (0, None)
    assert "cannot be read" in report["jobs"][0]["note"]


def test_install_schedules_tells_what_it_created_and_what_it_kept(jobs: dict[str, Job]) -> None:
    registry.register(
        Job(name="daily", title="D", description="It.", function=lambda context: None, default_cron="0 18 * * *")
    )
    assert command("install_schedules", "--json")[:2] == ({"created": ["daily"], "kept": []}, 0)
    assert command("install_schedules", "--json")[:2] == ({"created": [], "kept": ["daily"]}, 0)
    assert JobConfig.objects.count() == 1
