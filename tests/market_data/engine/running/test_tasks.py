"""Who works on a sync task: one at a time, whoever dies."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from market_data.engine.ledger import clock
from market_data.engine.planner.planning import Wanted
from market_data.engine.running import tasks
from market_data.engine.running.runner import Runner
from market_data.exceptions import AlreadyRunning, TaskPaused, UsageError
from market_data.models import DailyBar, SyncRequest, SyncTask
from market_data.providers.base import Answer, Call
from tests.market_data.builders import (
    DAILY,
    OLD_MONDAY,
    A,
    add_calendar,
    add_securities,
    answer_of,
    claimed_request,
    pid_that_ended,
    put,
    row_of,
    running_task,
)

pytestmark = pytest.mark.django_db
Status, State = SyncTask.Status, SyncRequest.State


def test_a_new_task_runs_here() -> None:
    task = running_task(start="20240101")
    assert (task.status, task.host, task.pid, task.fence) == (Status.RUNNING, tasks.HOST, os.getpid(), 1)
    assert task.config == {"start": "20240101"}
    assert task.lease_until == task.progressed_at + tasks.lease()  # type: ignore[operator]


def test_a_second_task_of_the_type_and_dataset_is_refused_with_where_the_first_runs() -> None:
    task = running_task()
    with pytest.raises(AlreadyRunning, match=f"task {task.id}, process {os.getpid()}"):
        running_task(start="20240101")
    assert SyncTask.objects.count() == 1


def test_another_dataset_runs_beside_it_and_another_type_of_work_on_the_same_does_not() -> None:
    running_task()
    tasks.start("DAILY_HISTORY", "adj_factor", {}, 50)
    with pytest.raises(AlreadyRunning):
        tasks.start("DAILY_INCREMENTAL", "daily", {}, 50)
    assert SyncTask.objects.filter(status=Status.RUNNING).count() == 2


def test_the_database_itself_refuses_a_second_running_task() -> None:
    running_task()
    with pytest.raises(IntegrityError), transaction.atomic():
        SyncTask.objects.create(job_type=DAILY.job_type, dataset="daily", status=Status.RUNNING)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", ["nothing", "failed", "dead"])
def test_of_two_that_start_at_once_one_gets_the_task(before: str) -> None:
    if before != "nothing":
        first = running_task()
        tasks.finish(first, Status.FAILED)
    if before == "dead":
        put(first, status=Status.RUNNING, pid=pid_that_ended(), lease_until=clock.now() + timedelta(hours=1))
    together = threading.Barrier(2)

    def start() -> str:
        try:
            together.wait(timeout=10)
            return str(running_task().id)
        except AlreadyRunning:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        results = [future.result() for future in [pool.submit(start), pool.submit(start)]]
    assert results.count("refused") == 1
    assert SyncTask.objects.filter(status=Status.RUNNING).count() == 1


def test_a_failed_task_of_the_same_order_is_gone_on_with() -> None:
    task = running_task(start="20240101")
    request = claimed_request(task)
    tasks.conclude(request, State.DONE)
    tasks.count_progress(task, 1, 20)
    tasks.finish(task, Status.FAILED, "the network")
    again = running_task(start="20240101")
    assert (again.id, again.reason, again.current_offset, again.total_processed) == (task.id, "", 1, 20)
    assert again.started_at == task.started_at


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_another_order_or_a_completed_one_is_a_new_task(status: str) -> None:
    task = running_task(start="20240101" if status == Status.COMPLETED else "20230101")
    tasks.finish(task, status)
    assert running_task(start="20240101").id != task.id


def test_the_latest_of_several_failed_tasks_is_gone_on_with() -> None:
    old, new = running_task(), None
    tasks.finish(old, Status.FAILED)
    put(old, config={"start": "20240101"})
    new = running_task()
    tasks.finish(new, Status.FAILED)
    put(new, config={"start": "20240101"}, updated_at=clock.now() + timedelta(minutes=1))
    assert running_task(start="20240101").id == new.id


def test_requests_are_claimed_in_order_and_by_one_alone() -> None:
    task = running_task()
    SyncRequest.objects.bulk_create([SyncRequest(task=task, shape="date", expected_rows=n) for n in range(5)])
    first, second = tasks.claim(task, "a", 2), tasks.claim(task, "b", 10)
    assert [r.expected_rows for r in first] == [0, 1]
    assert [r.expected_rows for r in second] == [2, 3, 4]
    assert tasks.claim(task, "c", 10) == []


@pytest.mark.django_db(transaction=True)
def test_two_who_claim_at_once_never_get_the_same_request() -> None:
    task = running_task()
    SyncRequest.objects.bulk_create([SyncRequest(task=task, shape="date") for _ in range(60)])
    together = threading.Barrier(2)

    def claim(owner: str) -> list[int]:
        try:
            together.wait(timeout=10)
            return [r.id for _ in range(6) for r in tasks.claim(task, owner, 5)]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        one, two = (future.result() for future in [pool.submit(claim, "a"), pool.submit(claim, "b")])
    assert not set(one) & set(two)
    assert len(one) + len(two) == 60


def test_a_request_waits_until_it_is_due_and_for_the_lease_of_its_owner() -> None:
    task = running_task()
    request = claimed_request(task, "a")
    tasks.conclude(request, State.PENDING, not_before=clock.now() + timedelta(minutes=1))
    assert tasks.claim(task, "a", 1) == []
    SyncRequest.objects.update(not_before=clock.now() - timedelta(seconds=1))
    tasks.claim(task, "a", 1)
    assert tasks.claim(task, "b", 1) == []
    SyncRequest.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert tasks.claim(task, "b", 1) == [request]


def test_what_an_owner_does_not_work_on_is_put_back() -> None:
    task = running_task()
    kept, stray = claimed_request(task, "a"), claimed_request(task, "a")
    other = claimed_request(task, "b")
    tasks.release(task, "a", except_for=[kept.id])
    states = dict(SyncRequest.objects.values_list("id", "state"))
    assert states == {kept.id: State.RUNNING, stray.id: State.PENDING, other.id: State.RUNNING}
    with pytest.raises(tasks.Lost):
        tasks.conclude(stray, State.DONE)


def test_a_task_that_runs_is_asked_to_pause_or_to_end() -> None:
    task = running_task()
    waiting = SyncRequest.objects.create(task=task, shape="date")
    tasks.pause(str(task.id))
    task.refresh_from_db()
    assert (task.status, task.wanted) == (Status.RUNNING, "PAUSE")
    tasks.cancel(str(task.id))
    task.refresh_from_db()
    waiting.refresh_from_db()
    assert (task.status, task.wanted, waiting.state) == (Status.RUNNING, "CANCEL", State.CANCELLED)


def test_a_task_whose_process_is_gone_is_paused_at_once_and_can_be_gone_on_with() -> None:
    task = running_task()
    put(task, pid=pid_that_ended())
    tasks.pause(str(task.id))
    paused = SyncTask.objects.get()
    assert (paused.status, paused.reason, paused.wanted) == (Status.PAUSED, "Paused by a person.", "")
    with pytest.raises(tasks.Lost):
        tasks.heartbeat(task, "me")
    again = running_task()
    assert (again.id, again.status, again.reason) == (task.id, Status.RUNNING, "")


def test_a_schedule_leaves_what_a_person_has_paused_alone() -> None:
    task = running_task(start="20240101")
    tasks.finish(task, Status.PAUSED)
    with pytest.raises(TaskPaused, match=f"Task {task.id} of daily is paused"):
        tasks.start(DAILY.job_type, "daily", {}, 50, resumes_paused=False)
    other = tasks.start("DAILY_INCREMENTAL", "daily", {}, 50, resumes_paused=False)
    assert other.status == Status.RUNNING
    tasks.finish(other, Status.COMPLETED)
    assert running_task(start="20240101").id == task.id


def test_a_cancelled_plan_is_not_gone_on_with() -> None:
    task = running_task()
    SyncRequest.objects.create(task=task, shape="date")
    tasks.finish(task, Status.FAILED)
    tasks.cancel(str(task.id))
    task.refresh_from_db()
    assert (task.status, task.reason) == (Status.FAILED, "Cancelled by a person.")
    assert running_task().id != task.id


def test_the_requests_of_a_dead_process_are_cancelled_too() -> None:
    task = running_task()
    claimed_request(task)
    put(task, pid=pid_that_ended())
    tasks.cancel(str(task.id))
    assert not tasks.open_requests(task).exists()
    assert running_task().id != task.id


@pytest.mark.parametrize("command", [tasks.pause, tasks.cancel])
def test_what_is_completed_or_unknown_cannot_be_told_anything(command: Any) -> None:
    task = running_task()
    tasks.finish(task, Status.COMPLETED)
    assert task.completed_at is not None
    with pytest.raises(UsageError, match="is completed"):
        command(str(task.id))
    for unknown in ("no-such-task", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(UsageError, match=unknown):
            command(unknown)


def test_every_change_moves_the_updated_time() -> None:
    task = running_task()
    seen = []
    for change in (
        lambda: tasks.count_progress(task, 1, 1),
        lambda: tasks.pause(str(task.id)),
        lambda: tasks.finish(task, Status.PAUSED),
        lambda: tasks.cancel(str(task.id)),
    ):
        put(task, updated_at=clock.now() - timedelta(days=1))
        change()
        seen.append(clock.now() - SyncTask.objects.get().updated_at < timedelta(hours=1))
    assert seen == [True] * 4


class ForgetfulProvider:
    """A provider whose budget cannot be read the first time."""

    name, account, calls = "tushare", "tushare:test", 0

    def ask(self, call: Call, use: Callable[[Answer], Any]) -> Any:
        self.calls += 1
        if self.calls == 1:
            raise OperationalError("server closed the connection unexpectedly")
        return use(answer_of(DAILY, [row_of(DAILY, A, OLD_MONDAY)]))

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass

    def quota(self) -> tuple[int, int]:
        return 0, 0


@pytest.mark.django_db(transaction=True)
def test_a_budget_that_cannot_be_read_for_a_moment_does_not_end_the_run() -> None:
    add_calendar(date(2024, 1, 1), date(2024, 1, 31))
    add_securities(A)
    runner = Runner(DAILY, running_task(), ForgetfulProvider(), Wanted(OLD_MONDAY, OLD_MONDAY))
    runner.run()
    assert (runner.end, DailyBar.objects.count()) == (None, 1)
