from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from scheduling import executions, leases, running
from scheduling.context import Status
from scheduling.models import Execution, JobConfig
from scheduling.models.execution import Trigger
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("slash", ["", "/"])


def queued(config: JobConfig, *, minutes_ago: int = 0) -> Execution:
    execution = executions.create(config, Trigger.MANUAL, {})
    Execution.objects.filter(id=execution.id).update(queued_at=timezone.now() - timedelta(minutes=minutes_ago))
    return execution


@BOTH
def test_executions_are_listed_newest_first_by_job_and_up_to_a_limit(
    api: APIClient, declare: Declare, greet: JobConfig, slash: str
) -> None:
    old, new, middle = (queued(greet, minutes_ago=minutes) for minutes in (3, 1, 2))
    other = queued(declare(name="other"))
    listed = api.get(f"/scheduler/executions{slash}").json()
    assert [entry["id"] for entry in listed] == [str(e.id) for e in (other, new, middle, old)]
    two = api.get(f"/scheduler/executions{slash}?job_id=greet&limit=2")
    assert [entry["id"] for entry in two.json()] == [str(new.id), str(middle.id)]
    assert two.headers["X-Total-Count"] == "3"
    assert api.get(f"/scheduler/executions{slash}?job_id=unheard").json() == []


def test_executions_are_listed_by_status(api: APIClient, greet: JobConfig) -> None:
    queued(greet)
    executions.skip(skipped := queued(greet), "x")
    listed = api.get("/scheduler/executions?status=SKIPPED").json()
    assert [entry["id"] for entry in listed] == [str(skipped.id)]


@BOTH
def test_an_execution_tells_how_it_ended(api: APIClient, greet: JobConfig, slash: str) -> None:
    execution = queued(greet)
    executions.claim(execution)
    executions.finish(execution, Status.PARTIAL, "Some failed.", result={"rows": 5})
    shown = api.get(f"/scheduler/executions/{execution.id}{slash}").json()
    fields = ("job_id", "status", "error_message", "result", "trigger")
    assert {name: shown[name] for name in fields} == {
        "job_id": "greet",
        "status": "PARTIAL",
        "error_message": "Some failed.",
        "result": {"rows": 5},
        "trigger": "manual",
    }
    assert shown["duration_ms"] >= 0
    assert shown["started_at"] <= shown["finished_at"]


@BOTH
def test_the_log_has_the_lines_of_the_run_in_order(api: APIClient, greet: JobConfig, slash: str) -> None:
    execution = queued(greet)
    now = timezone.now()
    executions.add_lines(execution, [(now, "INFO", "one"), (now, "WARNING", "two")])
    lines = api.get(f"/scheduler/executions/{execution.id}/log{slash}").json()
    assert [(line["level"], line["text"]) for line in lines] == [("INFO", "one"), ("WARNING", "two")]
    assert set(lines[0]) == {"at", "level", "text"}


@BOTH
def test_a_queued_run_is_cancelled_at_once(api: APIClient, greet: JobConfig, slash: str) -> None:
    execution = queued(greet)
    answer = api.post(f"/scheduler/executions/{execution.id}/cancel{slash}")
    assert (answer.status_code, answer.json()) == (
        200,
        {"message": "Execution cancelled successfully", "execution_id": str(execution.id), "status": "CANCELLED"},
    )


def test_a_running_one_is_asked_to_end(api: APIClient, greet: JobConfig) -> None:
    executions.claim(execution := queued(greet))
    answer = api.post(f"/scheduler/executions/{execution.id}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "RUNNING")
    execution.refresh_from_db()
    assert execution.cancel_requested_at is not None


def test_one_that_has_ended_cannot_be_cancelled(api: APIClient, greet: JobConfig) -> None:
    running.cancel((execution := queued(greet)).id)
    answer = api.post(f"/scheduler/executions/{execution.id}/cancel")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "execution_error")


@BOTH
def test_an_ended_run_is_run_again(api: APIClient, greet: JobConfig, slash: str) -> None:
    running.cancel((execution := queued(greet)).id)
    answer = api.post(f"/scheduler/executions/{execution.id}/retry{slash}")
    again = Execution.objects.get(retry_of=execution)
    assert (answer.status_code, answer.json()) == (
        202,
        {"message": "Execution retried successfully", "execution_id": str(again.id), "status": "QUEUED"},
    )


def test_one_that_goes_on_is_not_run_again(api: APIClient, greet: JobConfig) -> None:
    assert api.post(f"/scheduler/executions/{queued(greet).id}/retry").status_code == 409


@BOTH
def test_the_status_of_the_scheduler_has_its_figures(
    api: APIClient, declare: Declare, greet: JobConfig, slash: str
) -> None:
    declare(name="off", enabled=False)
    executions.claim(execution := queued(greet))
    executions.finish(execution, Status.SUCCESS)
    status = api.get(f"/scheduler/status{slash}").json()
    assert (status["is_running"], status["active_jobs_count"], status["total_jobs_count"]) == (False, 1, 2)
    assert (status["succeeded"], status["failed"], status["next_runs"]) == (1, 0, [])
    assert status["average_duration_ms"] >= 0
    leases.hold(leases.LEADER, "me", 60)
    assert api.get(f"/scheduler/status{slash}").json()["is_running"] is True


def test_the_status_of_the_scheduler_tells_what_comes_next(api: APIClient, greet: JobConfig) -> None:
    schedule = {"cron_expression": "0 1 * * *"}
    runs = api.post("/scheduler/jobs/greet/schedule", schedule).json()["next_runs"]
    assert api.get("/scheduler/status").json()["next_runs"] == [{"job_id": "greet", "at": runs[0]}]
