"""A task whose owner died, hung or lost it: taken over, and safe from what the old owner still does."""

import threading
import time
from datetime import date, timedelta
from typing import Any

import psutil
import pytest
from django.db import transaction
from django.db.models import F

from market_data.engine.ledger import clock
from market_data.engine.running import tasks
from market_data.engine.running.heartbeat import beating
from market_data.engine.running.store import Store
from market_data.exceptions import AlreadyRunning
from market_data.models import DailyBar, SyncRequest, SyncTask
from tests.market_data.builders import (
    CUT,
    DAILY,
    OLD_MONDAY,
    A,
    B,
    add_calendar,
    add_securities,
    claimed_request,
    fetched,
    pass_to_another_host,
    pid_that_ended,
    put,
    running_task,
)

pytestmark = pytest.mark.django_db
Status, State = SyncTask.Status, SyncRequest.State


def test_the_task_of_a_dead_process_is_taken_over_at_once_with_its_plan() -> None:
    task = running_task()
    request = claimed_request(task)
    put(task, pid=pid_that_ended(), lease_until=clock.now() + timedelta(hours=1))
    again = running_task()
    assert (again.id, again.status) == (task.id, Status.RUNNING)
    assert again.fence > task.fence
    assert tasks.claim(again, "other", 5) == [request]


def test_a_process_with_the_number_of_a_dead_one_is_another() -> None:
    task = running_task()
    put(task, process_started_at=psutil.Process().create_time() - 60, lease_until=clock.now() + timedelta(hours=1))
    assert running_task().id == task.id


def test_the_task_of_another_host_waits_for_its_lease() -> None:
    task = running_task()
    pass_to_another_host(task, lease=timedelta(seconds=5))
    with pytest.raises(AlreadyRunning, match="elsewhere"):
        running_task()
    pass_to_another_host(task, lease=timedelta(seconds=-1))
    assert running_task().id == task.id


def test_a_task_that_lives_and_does_not_progress_is_failed_with_the_reason(settings: Any) -> None:
    settings.SYNC_TASK_STALE_TIMEOUT_MINUTES = 7.5
    task = running_task(start="20240101")
    put(task, progressed_at=clock.now() - timedelta(minutes=7))
    with pytest.raises(AlreadyRunning):
        running_task()
    put(task, progressed_at=clock.now() - timedelta(minutes=8))
    other = running_task()
    task.refresh_from_db()
    assert other.id != task.id
    assert (task.status, task.reason) == (Status.FAILED, "No progress for 7.5 minutes.")


def test_an_owner_that_was_taken_over_can_write_nothing_more() -> None:
    add_calendar(date(2024, 1, 1), date(2024, 1, 31))
    add_securities(A)
    old = running_task()
    request = claimed_request(old, start_date=OLD_MONDAY, end_date=OLD_MONDAY)
    long = claimed_request(old, shape="symbols", symbols=[A, B], start_date=OLD_MONDAY, end_date=OLD_MONDAY)
    store = Store(DAILY, old, "tushare", OLD_MONDAY, OLD_MONDAY)
    put(old, pid=pid_that_ended())
    new = running_task()
    for write in (
        lambda: tasks.heartbeat(old, "me"),
        lambda: tasks.count_progress(old, 1, 1),
        lambda: tasks.conclude(request, State.DONE),
        lambda: store.store(request, fetched(DAILY, A)),
        lambda: store.store(long, fetched(DAILY, A, judgement=CUT)),
    ):
        with pytest.raises(tasks.Lost), transaction.atomic():
            write()
    tasks.finish(old, Status.COMPLETED)
    new.refresh_from_db()
    assert (new.status, DailyBar.objects.count()) == (Status.RUNNING, 0)


def test_rows_are_rolled_back_when_only_the_task_was_taken_over() -> None:
    task = running_task()
    request = claimed_request(task, start_date=OLD_MONDAY, end_date=OLD_MONDAY)
    store = Store(DAILY, task, "tushare", OLD_MONDAY, OLD_MONDAY)
    put(task, fence=F("fence") + 1)
    with pytest.raises(tasks.Lost):
        store.store(request, fetched(DAILY, A))
    request.refresh_from_db()
    assert (DailyBar.objects.count(), request.state) == (0, State.RUNNING)


def test_a_heartbeat_keeps_the_leases_of_the_task_and_of_its_requests() -> None:
    task = running_task()
    mine, other = claimed_request(task, "me"), claimed_request(task, "other")
    past = clock.now() - timedelta(minutes=5)
    put(task, lease_until=past)
    SyncRequest.objects.update(lease_until=past)
    tasks.heartbeat(task, "me")
    for row in (task, mine, other):
        row.refresh_from_db()
    assert task.lease_until and task.lease_until > clock.now()  # noqa: PT018
    assert mine.lease_until == task.lease_until
    assert other.lease_until == past


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_thread_tells_once_that_the_task_is_lost(settings: Any) -> None:
    settings.SYNC_LEASE_SECONDS = 0.06
    task = running_task()
    before = task.lease_until
    lost = threading.Event()
    with beating(task, "me", lost.set):
        deadline = time.monotonic() + 10
        while SyncTask.objects.get().lease_until == before and time.monotonic() < deadline:
            lost.wait(0.01)
        assert SyncTask.objects.get().lease_until != before
        assert not lost.is_set()
        put(task, fence=F("fence") + 1)
        assert lost.wait(10)
