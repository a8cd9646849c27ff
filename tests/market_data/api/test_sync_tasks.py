from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from market_data import background
from market_data.engine.ledger import clock
from market_data.engine.running import tasks
from market_data.models import SyncRequest, SyncTask
from scheduling.models import Execution
from tests.market_data.builders import running_task
from tests.rest_clients import person, program_of

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("slash", ["", "/"])
UNKNOWN = ["6f7d6a1e-0000-4000-8000-000000000000", "5", "%00"]


def add_requests(task: SyncTask, **states: int) -> None:
    SyncRequest.objects.bulk_create(
        [
            SyncRequest(task=task, shape="date", state=state, finished_at=clock.now() if state == "done" else None)
            for state, count in states.items()
            for _ in range(count)
        ]
    )


def paused_task(**config: Any) -> SyncTask:
    task = running_task(**config)
    tasks.finish(task, SyncTask.Status.PAUSED, "Paused by a person.")
    return task


@BOTH
def test_a_running_task_tells_its_rate_and_the_time_left(api: APIClient, slash: str) -> None:
    task = running_task()
    add_requests(task, done=30, pending=55, running=5, split=7, cancelled=3)
    SyncTask.objects.update(
        started_at=clock.now() - timedelta(hours=1), current_offset=1030, total_processed=123_456, reason="x"
    )
    shown = api.get(f"/market-data/sync-tasks/{task.id}{slash}").json()
    assert (shown["id"], shown["dataset"], shown["status"]) == (str(task.id), "daily", "RUNNING")
    assert shown["progress"] == {
        "requests_done": 1030,
        "requests_planned": 1090,
        "rows": 123_456,
        "requests_per_minute": 30.0,
        "seconds_left": 120,
    }
    assert api.get(f"/market-data/sync-tasks{slash}").json() == [shown]


def test_a_task_of_half_a_minute_is_not_taken_for_a_slow_one(api: APIClient) -> None:
    task = running_task()
    add_requests(task, done=30, pending=60)
    SyncTask.objects.update(started_at=clock.now() - timedelta(seconds=30))
    progress = api.get(f"/market-data/sync-tasks/{task.id}").json()["progress"]
    assert progress["requests_per_minute"] == pytest.approx(60, rel=0.1)


def test_a_task_that_stands_still_has_no_time_left_to_tell(api: APIClient) -> None:
    for task in (paused_task(start="20240101"), running_task()):
        add_requests(task, pending=3)
        progress = api.get(f"/market-data/sync-tasks/{task.id}").json()["progress"]
        assert (progress["requests_planned"], progress["seconds_left"]) == (3, None)


def test_tasks_are_filtered_and_paged_latest_first(api: APIClient) -> None:
    first, second = paused_task(start="20240101"), paused_task(start="20240102")
    third = running_task()
    ids = [entry["id"] for entry in api.get("/market-data/sync-tasks").json()]
    assert ids == [str(task.id) for task in (third, second, first)]
    paused = api.get("/market-data/sync-tasks?status=PAUSED&dataset=daily&limit=1")
    assert [entry["id"] for entry in paused.json()] == [str(second.id)]
    assert paused.headers["X-Total-Count"] == "2"
    assert api.get("/market-data/sync-tasks?dataset=adj_factor").json() == []
    assert api.get("/market-data/sync-tasks?status=PERHAPS").json()["error"]["field"] == "status"


@BOTH
@pytest.mark.parametrize(("verb", "wanted"), [("pause", "PAUSE"), ("cancel", "CANCEL")])
def test_a_running_task_is_told(api: APIClient, slash: str, verb: str, wanted: str) -> None:
    task = running_task()
    answer = api.post(f"/market-data/sync-tasks/{task.id}/{verb}{slash}")
    assert (answer.status_code, answer.json()["status"], answer.json()["wanted"]) == (202, "RUNNING", wanted)


def test_a_cancelled_task_forgets_its_plan(api: APIClient) -> None:
    task = paused_task()
    add_requests(task, pending=3)
    answer = api.post(f"/market-data/sync-tasks/{task.id}/cancel").json()
    assert (answer["status"], answer["progress"]["requests_planned"]) == ("FAILED", 0)


@pytest.mark.parametrize("verb", ["pause", "cancel", "resume"])
def test_a_completed_task_is_left_alone(api: APIClient, verb: str) -> None:
    task = running_task()
    tasks.finish(task, SyncTask.Status.COMPLETED)
    answer = api.post(f"/market-data/sync-tasks/{task.id}/{verb}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")


def test_a_running_task_is_not_resumed(api: APIClient) -> None:
    assert api.post(f"/market-data/sync-tasks/{running_task().id}/resume").status_code == 409


@BOTH
def test_a_paused_task_is_resumed_by_a_job(api: APIClient, slash: str) -> None:
    task = paused_task()
    answer = api.post(f"/market-data/sync-tasks/{task.id}/resume{slash}")
    execution = Execution.objects.get()
    assert (answer.status_code, answer.json()) == (
        202,
        {"message": "A worker goes on with the task.", "execution_id": str(execution.id)},
    )
    assert (execution.job_id, execution.kwargs) == ("resume_sync_task", {"task_id": str(task.id)})


def test_two_tasks_are_resumed_side_by_side(api: APIClient) -> None:
    for task in (paused_task(start="20240101"), paused_task(start="20240102")):
        assert api.post(f"/market-data/sync-tasks/{task.id}/resume").status_code == 202
    assert Execution.objects.filter(status="QUEUED", is_exclusive=False).count() == 2


def test_where_nothing_runs_jobs_a_task_is_not_resumed(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_registered", [])
    answer = api.post(f"/market-data/sync-tasks/{paused_task().id}/resume")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "market_data_error")


@pytest.mark.parametrize("task_id", UNKNOWN)
@pytest.mark.parametrize(
    ("method", "rest"), [("get", ""), ("post", "/pause"), ("post", "/resume"), ("post", "/cancel")]
)
def test_an_unknown_task_is_not_found(api: APIClient, method: str, rest: str, task_id: str) -> None:
    answer = getattr(api, method)(f"/market-data/sync-tasks/{task_id}{rest}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "permission", "status"),
    [
        ("GET", "sync-tasks", "view_synctask", 200),
        ("GET", "sync-tasks/{id}", "view_synctask", 404),
        ("POST", "sync-tasks/{id}/pause", "change_synctask", 404),
        ("POST", "sync-tasks/{id}/resume", "change_synctask", 404),
        ("POST", "sync-tasks/{id}/cancel", "change_synctask", 404),
        ("GET", "failures", "view_syncfailurerecord", 200),
        ("GET", "failures/{id}", "view_syncfailurerecord", 404),
        ("POST", "failures/{id}/retry", "change_syncfailurerecord", 404),
        ("POST", "failures/{id}/resolve", "change_syncfailurerecord", 404),
        ("GET", "coverage", "view_partition", 400),
        ("GET", "bars", "view_dailybar", 400),
    ],
)
def test_everything_needs_its_permission(method: str, path: str, permission: str, status: int) -> None:
    path = f"/market-data/{path.format(id=uuid4())}"
    assert APIClient().generic(method, path).status_code == 401
    user = person("market_data.view_suspension")
    assert program_of(user).generic(method, path).status_code == 403
    user.delete()
    assert program_of(person(f"market_data.{permission}")).generic(method, path).status_code == status
