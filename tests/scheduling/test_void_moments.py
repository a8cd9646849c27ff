"""Moments that a clock which was wrong has left in the future: void, and nothing waits for them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from scheduling import beat_rows, clock, control, dispatching, executions, leases, running, sweeping
from scheduling.context import Status
from scheduling.models import Execution, JobConfig, Lease
from scheduling.schedulers import DatabaseScheduler
from stocksync import celery_app
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


def right_now() -> datetime:
    return clock.now()


@pytest.mark.parametrize("name", ["beat", sweeping.CATCH_UP])
def test_a_duty_held_until_tomorrow_by_a_clock_that_was_wrong_is_free(name: str) -> None:
    Lease.objects.create(name=name, holder="gone", until=right_now() + DAY, seconds=15)
    assert not leases.is_held(name)
    assert leases.hold(name, "here", 15)
    assert leases.is_held(name)
    assert not leases.hold(name, "other", 15)
    assert not leases.take_turn(name, 15)


def test_a_mark_of_settling_that_lies_ahead_stops_no_reaper(declare: Declare) -> None:
    declare()
    running.trigger_now("job")
    assert executions.claim_next("sync", "")
    Execution.objects.update(lease_until=right_now() - timedelta(seconds=1))
    for name in (sweeping.SETTLING, sweeping.SWEPT):
        Lease.objects.create(name=name, holder=sweeping.SWEPT, until=right_now() + DAY, seconds=30)
    sweeping.sweep()
    assert Execution.objects.get().status == Status.QUEUED


def test_a_lease_further_ahead_than_its_own_length_is_void_and_one_of_its_length_is_not(
    declare: Declare, settings: Any
) -> None:
    declare()
    running.trigger_now("job")
    settings.SCHEDULING_LEASE_SECONDS = 600
    assert executions.claim_next("sync", "")
    # A sweeper with a shorter lease of its own: what counts is the length that the worker gave.
    settings.SCHEDULING_LEASE_SECONDS = 10
    sweeping.sweep()
    assert Execution.objects.get().status == Status.RUNNING
    Execution.objects.update(lease_until=right_now() + DAY)
    sweeping.sweep()
    assert Execution.objects.get().status == Status.QUEUED


def test_a_worker_that_renews_between_the_sweepers_look_and_its_verdict_keeps_its_run(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare()
    running.trigger_now("job")
    mine = executions.claim_next("sync", "")
    assert mine
    Execution.objects.update(lease_until=right_now() - timedelta(seconds=1))
    monkeypatch.setattr(clock, "is_over", lambda *args: executions.renew(mine))
    sweeping._reap(right_now())
    assert Execution.objects.get().status == Status.RUNNING


def test_a_retry_put_off_until_tomorrow_by_a_clock_that_was_wrong_is_ready(declare: Declare) -> None:
    declare()
    running.trigger_now("job")
    Execution.objects.update(not_before=right_now() + timedelta(minutes=59))
    assert executions.claim_next("sync", "") is None
    Execution.objects.update(not_before=right_now() + DAY)
    assert executions.claim_next("sync", "")


@pytest.mark.parametrize("field", ["dispatched_until", "schedule_since"])
@pytest.mark.parametrize("schedule", ["* * * * *", 60], ids=["cron", "interval"])
def test_a_job_decided_on_until_tomorrow_by_a_clock_that_was_wrong_runs_today(
    declare: Declare, clock: time_machine.Traveller, field: str, schedule: str | int
) -> None:
    declare(schedule=control.cron(schedule) if isinstance(schedule, str) else control.interval(schedule))
    clock.shift(60)
    assert dispatching.dispatch("job")
    Execution.objects.update(status=Status.SUCCESS)
    JobConfig.objects.update(**{field: right_now() + DAY})
    for _ in range(3):
        clock.shift(60)
        sweeping.catch_up()
        Execution.objects.filter(status=Status.QUEUED).update(status=Status.SUCCESS)
    ran = Execution.objects.filter(status=Status.SUCCESS)
    assert ran.count() == (4 if field == "dispatched_until" else 3)
    assert not Execution.objects.exclude(status=Status.SUCCESS).exists()


def test_beat_sends_again_what_was_last_sent_tomorrow(declare: Declare, clock: time_machine.Traveller) -> None:
    declare(schedule=control.cron("* * * * *"))
    PeriodicTask.objects.update(last_run_at=right_now() + DAY)
    clock.shift(61)
    (entry,) = DatabaseScheduler(app=celery_app, lazy=True).schedule.values()
    assert entry.is_due().is_due


def test_an_edit_with_an_earlier_time_than_the_one_before_is_noticed(declare: Declare) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    scheduler = DatabaseScheduler(app=celery_app, lazy=True)
    assert scheduler.schedule["job"].schedule.hour == {18}
    control.set_cron("job", "0 9 * * *")
    PeriodicTasks.objects.update(last_update=right_now() - DAY)
    assert scheduler.schedule["job"].schedule.hour == {9}


def test_beat_orders_its_heap_anew_when_the_clock_was_set(
    declare: Declare, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "other"):
        declare(name=name, schedule=control.cron("* * * * *"))
    sent: list[str] = []
    scheduler = DatabaseScheduler(app=celery_app, lazy=True)
    monkeypatch.setattr(scheduler, "apply_entry", lambda entry, producer=None: sent.append(entry.name))
    monkeypatch.setattr(scheduler, "_ask_for_sweep", lambda: None)
    monkeypatch.setattr(scheduler, "_leads", lambda: True)
    moment = right_now()
    scheduler.tick()
    clock.move_to(moment + DAY)
    for _ in range(4):
        scheduler.tick()
    sent.clear()
    clock.move_to(moment + timedelta(seconds=61))
    for _ in range(4):
        scheduler.tick()
    assert sorted(sent) == ["one", "other"]


def test_the_beginning_of_a_schedule_that_lies_ahead_is_told(
    declare: Declare, caplog: pytest.LogCaptureFixture
) -> None:
    config = declare(schedule=control.cron("0 18 * * *"))
    config.schedule_since = right_now() + DAY
    beat_rows.note_change(config, right_now())
    assert "its schedule counted from a moment ahead of the database's clock" in caplog.text
    assert JobConfig.objects.get().schedule_since <= right_now()
