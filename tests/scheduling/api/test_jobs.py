from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from scheduling import control, executions, queries
from scheduling.context import Status
from scheduling.models import Execution, JobConfig
from scheduling.models.execution import Trigger
from scheduling.registry import Job
from scheduling.schedules import Interval
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("slash", ["", "/"])


def created(api: APIClient, **fields: Any) -> str:
    answer = api.post("/scheduler/jobs", {"name": "Mine", "places": ["Rome"], **fields})
    assert answer.status_code == 201, answer.json()
    return str(answer.json()["job_id"])


def shown(api: APIClient, job_id: str) -> dict[str, Any]:
    return dict(api.get(f"/scheduler/jobs/{job_id}").json())


def ran(job_id: str, status: str) -> Execution:
    """A run of the job that ended so just now."""
    execution = executions.create(control.get(job_id), Trigger.MANUAL, {})
    executions.claim(execution)
    executions.finish(execution, Status(status))
    return execution


def test_a_job_of_a_template_has_its_arguments_beside_its_own_fields(api: APIClient, tour: Job) -> None:
    job = shown(api, created(api))
    assert {name: job[name] for name in ("name", "places", "guide", "schedule_time", "is_active", "status")} == {
        "name": "Mine",
        "places": ["Rome"],
        "guide": "nobody",
        "schedule_time": "17:00",
        "is_active": True,
        "status": "pending",
    }
    assert "job_kwargs" not in job
    assert UUID(job["job_id"])
    assert (job["last_run"], job["next_run"][11:]) == (None, "17:00:00+08:00")


def test_what_is_created_is_stored_as_it_was_given_and_scheduled(api: APIClient, tour: Job) -> None:
    config = control.get(created(api, schedule_time="09:05", timezone="Europe/Berlin", is_active=False))
    assert (config.job_type, config.job_name, config.job_kwargs) == ("tour", "Mine", {"places": ["Rome"]})
    assert (config.cron_expression, config.timezone, config.enabled) == ("5 9 * * *", "Europe/Berlin", False)


def test_a_job_of_the_system_carries_its_cron_and_its_arguments(api: APIClient, greet: JobConfig) -> None:
    control.set_cron("greet", "30 9 * * mon-fri", "Europe/Berlin")
    control.update("greet", job_kwargs={"times": 2})
    job = shown(api, "greet")
    assert (job["cron_expression"], job["timezone"], job["job_kwargs"]) == (
        "30 9 * * mon-fri",
        "Europe/Berlin",
        {"times": 2},
    )
    assert (job["schedule_time"], job["interval_minutes"]) == (None, None)


def test_a_deleted_job_of_the_system_can_be_created_again(api: APIClient, greet: JobConfig) -> None:
    api.delete("/scheduler/jobs/greet")
    answer = api.post("/scheduler/jobs", {"job_id": "greet", "cron_expression": "0 8 * * *"})
    assert answer.json() == {"message": "Job created successfully", "job_id": "greet"}
    assert (shown(api, "greet")["name"], shown(api, "greet")["schedule_time"]) == ("Greet", "08:00")


def test_the_job_type_may_be_named(api: APIClient, greet: JobConfig, tour: Job) -> None:
    api.post("/scheduler/jobs", {"job_type": "greet", "job_id": "greet-twice", "job_kwargs": {"times": 2}})
    assert (control.get("greet-twice").job_type, control.get("greet-twice").job_kwargs) == ("greet", {"times": 2})
    assert api.post("/scheduler/jobs", {"job_type": "greet"}).status_code == 409


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_change_changes_only_what_it_is_given(api: APIClient, tour: Job, method: str) -> None:
    job_id = created(api, guide="Virgil", schedule_time="09:05")
    before = shown(api, job_id)
    answer = getattr(api, method)(f"/scheduler/jobs/{job_id}", {"places": ["Rome", "Siena"]})
    assert (answer.status_code, answer.json()) == (200, {"message": "Job updated successfully"})
    edited = {"places": ["Rome", "Siena"], "updated_at": shown(api, job_id)["updated_at"]}
    assert edited["updated_at"] > before["updated_at"]
    assert shown(api, job_id) == before | edited


@pytest.mark.parametrize(
    ("change", "cron", "zone"),
    [
        ({"schedule_time": "18:45"}, "45 18 * * *", "Asia/Shanghai"),
        ({"cron_expression": "0 8 * * mon"}, "0 8 * * mon", "Asia/Shanghai"),
        ({"timezone": "UTC"}, "0 17 * * *", "UTC"),
        ({"schedule_time": "18:45", "timezone": "UTC"}, "45 18 * * *", "UTC"),
    ],
)
@pytest.mark.parametrize("active", [True, False])
def test_another_time_leaves_the_job_on_or_off(
    api: APIClient, tour: Job, change: dict[str, str], cron: str, zone: str, active: bool
) -> None:
    job_id = created(api, is_active=active)
    assert api.put(f"/scheduler/jobs/{job_id}", change).status_code == 200
    config = control.get(job_id)
    assert (config.cron_expression, config.timezone, config.enabled) == (cron, zone, active)


def test_a_change_of_the_name_does_not_touch_the_schedule(api: APIClient, tour: Job) -> None:
    job_id = created(api)
    before = control.get(job_id).schedule_since
    api.put(f"/scheduler/jobs/{job_id}", {"name": "Yours"})
    assert (control.get(job_id).job_name, control.get(job_id).schedule_since) == ("Yours", before)


def test_a_whole_job_can_be_sent_back(api: APIClient, tour: Job) -> None:
    job_id = created(api)
    job = shown(api, job_id)
    assert api.put(f"/scheduler/jobs/{job_id}", job | {"cron_expression": "0 8 * * mon"}).status_code == 200
    config = control.get(job_id)
    assert (config.cron_expression, config.job_kwargs) == ("0 8 * * mon", {"places": ["Rome"]})


def test_null_brings_the_default_of_an_argument_back(api: APIClient, tour: Job) -> None:
    job_id = created(api, guide="Virgil")
    api.patch(f"/scheduler/jobs/{job_id}", {"guide": None})
    assert (shown(api, job_id)["guide"], control.get(job_id).job_kwargs) == ("nobody", {"places": ["Rome"]})


def test_the_arguments_of_a_job_of_the_system_are_replaced(api: APIClient, greet: JobConfig) -> None:
    control.update("greet", job_kwargs={"times": 2})
    api.patch("/scheduler/jobs/greet", {"job_kwargs": {"greeting": "Hi"}})
    assert control.get("greet").job_kwargs == {"greeting": "Hi"}
    api.patch("/scheduler/jobs/greet", {"job_kwargs": {}})
    assert control.get("greet").job_kwargs == {}


@BOTH
def test_an_interval_starts_a_job_and_is_stored(api: APIClient, greet: JobConfig, slash: str) -> None:
    control.disable("greet")
    answer = api.post(f"/scheduler/jobs/greet/start{slash}", {"interval_minutes": 30})
    assert (answer.status_code, answer.json()) == (200, {"message": "Job started successfully"})
    config = control.get("greet")
    assert isinstance(config.schedule, Interval)
    assert (config.schedule.seconds, config.enabled, config.paused_at) == (1800, True, None)
    assert shown(api, "greet")["interval_minutes"] == 30


@BOTH
def test_a_stopped_job_keeps_its_row_and_its_schedule_until_it_is_started(
    api: APIClient, tour: Job, slash: str
) -> None:
    job_id = created(api)
    answer = api.post(f"/scheduler/jobs/{job_id}/stop{slash}")
    assert (answer.status_code, answer.json()) == (200, {"message": "Job stopped successfully"})
    job = shown(api, job_id)
    assert (job["is_active"], job["status"], job["next_run"], job["schedule_time"]) == (False, "paused", None, "17:00")
    assert api.post(f"/scheduler/jobs/{job_id}/start{slash}").json() == {"message": "Job started successfully"}
    assert (shown(api, job_id)["is_active"], shown(api, job_id)["status"]) == (True, "pending")


def test_a_start_ends_a_pause(api: APIClient, tour: Job) -> None:
    job_id = created(api)
    control.pause(job_id, "Too expensive.")
    job = shown(api, job_id)
    assert (job["status"], job["note"], job["next_run"]) == ("paused", "Too expensive.", None)
    api.post(f"/scheduler/jobs/{job_id}/start")
    assert (shown(api, job_id)["status"], shown(api, job_id)["note"]) == ("pending", "")


@BOTH
def test_a_schedule_is_answered_with_the_next_five_runs(api: APIClient, greet: JobConfig, slash: str) -> None:
    control.pause("greet", "x")
    schedule = {"cron_expression": "45 18 * * *", "timezone": "Europe/Berlin"}
    answer = api.post(f"/scheduler/jobs/greet/schedule{slash}", schedule)
    assert (answer.status_code, answer.json()["message"]) == (200, "Job scheduled successfully")
    config = control.get("greet")
    assert (config.cron_expression, config.timezone, config.enabled) == ("45 18 * * *", "Europe/Berlin", True)
    expected = [timezone.localtime(moment).isoformat() for moment in queries.next_runs_of(config, 5)]
    assert answer.json()["next_runs"] == expected
    assert len(expected) == 5


def test_a_schedule_without_a_time_zone_keeps_the_one_of_the_job(api: APIClient, greet: JobConfig) -> None:
    control.set_cron("greet", "0 1 * * *", "Europe/Berlin")
    api.post("/scheduler/jobs/greet/schedule", {"cron_expression": "45 18 * * *"})
    assert control.get("greet").timezone == "Europe/Berlin"


@BOTH
def test_a_trigger_queues_a_run(api: APIClient, greet: JobConfig, slash: str) -> None:
    answer = api.post(f"/scheduler/jobs/greet/trigger{slash}", {"kwargs": {"times": 3}})
    execution = Execution.objects.get()
    reply = {"message": "Job triggered successfully", "execution_id": str(execution.id)}
    assert (answer.status_code, answer.json()) == (202, reply)
    assert (execution.status, execution.trigger, execution.kwargs) == ("QUEUED", "manual", {"times": 3})
    assert shown(api, "greet")["status"] == "pending"


def test_the_same_key_triggers_once(api: APIClient, greet: JobConfig) -> None:
    answers = [api.post("/scheduler/jobs/greet/trigger", headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert Execution.objects.count() == 1


def test_a_second_run_is_refused_while_the_policy_says_so(api: APIClient, greet: JobConfig) -> None:
    api.post("/scheduler/jobs/greet/trigger")
    answer = api.post("/scheduler/jobs/greet/trigger")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "execution_error")


@BOTH
def test_a_deleted_job_is_gone(api: APIClient, tour: Job, slash: str) -> None:
    job_id = created(api)
    answer = api.delete(f"/scheduler/jobs/{job_id}{slash}")
    assert (answer.status_code, answer.json()) == (200, {"message": "Job deleted successfully"})
    assert not JobConfig.objects.exists()
    assert api.get(f"/scheduler/jobs/{job_id}").status_code == 404


@BOTH
def test_the_list_has_the_jobs_themselves(api: APIClient, tour: Job, slash: str) -> None:
    ids = sorted(created(api) for _ in range(3))
    answer = api.get(f"/scheduler/jobs{slash}")
    assert answer.json() == [shown(api, job_id) for job_id in ids]
    assert answer.headers["X-Total-Count"] == "3"


def test_only_active_ones_are_listed_when_asked_for(api: APIClient, tour: Job) -> None:
    on, off = created(api), created(api, is_active=False)
    for text, expected in (("true", {on}), ("false", {on, off})):
        assert {job["job_id"] for job in api.get(f"/scheduler/jobs?active_only={text}").json()} == expected


def test_the_list_comes_in_pages(api: APIClient, tour: Job) -> None:
    ids = sorted(created(api) for _ in range(5))
    first = api.get("/scheduler/jobs?limit=2&offset=2")
    assert [job["job_id"] for job in first.json()] == ids[2:4]
    assert first.headers["X-Total-Count"] == "5"
    assert 'limit=2&offset=4>; rel="next"' in first.headers["Link"]
    assert 'limit=2>; rel="prev"' in first.headers["Link"]
    assert "Link" not in api.get("/scheduler/jobs").headers


@pytest.mark.parametrize(
    ("ended", "status"),
    [("SUCCESS", "completed"), ("PARTIAL", "completed"), ("FAILED", "failed"), ("LOST", "failed")],
)
def test_the_status_tells_how_the_last_run_ended(api: APIClient, greet: JobConfig, ended: str, status: str) -> None:
    ran("greet", "SUCCESS" if ended == "FAILED" else "FAILED")
    ran("greet", ended)
    ran("greet", "CANCELLED")
    assert shown(api, "greet")["status"] == status
    assert shown(api, "greet")["last_run"] is not None


def test_the_status_tells_what_goes_on(api: APIClient, greet: JobConfig) -> None:
    ran("greet", "FAILED")
    execution = executions.create(greet, Trigger.MANUAL, {})
    assert shown(api, "greet")["status"] == "pending"
    executions.claim(execution)
    control.disable("greet")
    assert shown(api, "greet")["status"] == "running"


@BOTH
def test_the_status_of_a_job_has_its_next_runs_and_its_last_one(api: APIClient, greet: JobConfig, slash: str) -> None:
    control.set_cron("greet", "0 1 * * *")
    execution = ran("greet", "SUCCESS")
    status = api.get(f"/scheduler/jobs/greet/status{slash}").json()
    assert (status["job_id"], status["status"], status["is_active"]) == ("greet", "completed", True)
    assert len(status["next_runs"]) == 5
    assert status["last_execution"]["id"] == str(execution.id)


def test_a_job_that_no_code_declares_any_more_is_shown_too(api: APIClient, declare: Declare, jobs: Any) -> None:
    declare(name="old", job_kwargs={})
    jobs.clear()
    assert (shown(api, "old")["description"], shown(api, "old")["job_kwargs"]) == ("", {})
    assert api.post("/scheduler/jobs/old/trigger").status_code == 404


def test_arguments_that_no_longer_fit_are_shown_as_they_are_stored(api: APIClient, tour: Job) -> None:
    job_id = created(api)
    JobConfig.objects.update(job_kwargs={"places": [], "hotel": "Ritz"})
    assert (shown(api, job_id)["hotel"], len(api.get("/scheduler/jobs").json())) == ("Ritz", 1)


def test_a_list_asks_the_database_as_often_for_many_jobs_as_for_few(
    api: APIClient, tour: Job, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        ran(created(api), "SUCCESS")
    with django_assert_max_num_queries(9):
        assert len(api.get("/scheduler/jobs").json()) == 20
