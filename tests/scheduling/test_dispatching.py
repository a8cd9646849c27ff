"""The table of misfires, with a clock of its own: never early, never twice, and a record of what is skipped."""

import logging
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django_celery_beat.models import CrontabSchedule, PeriodicTask, PeriodicTasks, SolarSchedule

from scheduling import calendars, control, dispatching, executions, sweeping
from scheduling.context import Status
from scheduling.models import Execution, JobConfig
from scheduling.registry import Job
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db

START = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)  # a Monday, noon in Shanghai
DUE = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)  # 18:00 in Shanghai


def only_execution() -> Execution:
    return Execution.objects.get()


def test_a_due_moment_becomes_one_execution_however_often_it_is_dispatched(
    declare: Declare, clock: time_machine.Traveller
) -> None:
    declare(schedule=control.cron("0 18 * * *"), job_kwargs={})
    clock.move_to(DUE + timedelta(seconds=0.3))
    first = dispatching.dispatch("job")
    assert first is not None
    assert (first.status, first.scheduled_for, first.trigger) == (Status.QUEUED, DUE, "schedule")
    assert dispatching.dispatch("job") is None
    Execution.objects.update(status=Status.SUCCESS)
    clock.shift(90)
    assert dispatching.dispatch("job") is None
    assert only_execution().id == first.id


def test_nothing_is_run_before_it_is_due(declare: Declare, clock: time_machine.Traveller) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    clock.move_to(DUE - timedelta(seconds=1))
    assert dispatching.dispatch("job") is None
    sweeping.catch_up()
    assert not Execution.objects.exists()


def test_a_record_that_another_dispatcher_made_is_not_made_twice(
    declare: Declare, clock: time_machine.Traveller
) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    clock.move_to(DUE)
    dispatching.dispatch("job")
    JobConfig.objects.update(dispatched_until=None)
    Execution.objects.update(status=Status.SUCCESS)
    assert dispatching.dispatch("job") is None
    assert Execution.objects.count() == 1


@pytest.mark.parametrize(
    ("policy", "hours_down", "status"),
    [
        ({"catch_up": "latest"}, 3, Status.QUEUED),
        ({"catch_up": "none"}, 3, Status.SKIPPED),
        ({"catch_up": "window", "catch_up_window_seconds": 4 * 3600}, 3, Status.QUEUED),
        ({"catch_up": "window", "catch_up_window_seconds": 2 * 3600}, 3, Status.SKIPPED),
        ({"catch_up": "none"}, 0, Status.QUEUED),
    ],
)
def test_a_run_missed_while_everything_was_down_is_caught_up_as_the_policy_says(
    declare: Declare, clock: time_machine.Traveller, policy: dict[str, str], hours_down: int, status: Status
) -> None:
    declare(schedule=control.cron("0 18 * * *"), **policy)
    clock.move_to(DUE + timedelta(hours=hours_down, seconds=1))
    sweeping.catch_up()
    execution = only_execution()
    assert (execution.status, execution.scheduled_for) == (status, DUE)
    assert ("Missed" in execution.error_message) == (status == Status.SKIPPED)
    sweeping.catch_up()
    assert Execution.objects.count() == 1


def test_of_many_missed_runs_the_latest_is_run_and_the_others_are_counted(
    declare: Declare, clock: time_machine.Traveller
) -> None:
    declare(name="a", schedule=control.cron("0 18 * * *"))
    declare(name="b", schedule=control.cron("0 18 * * *"), catch_up="none")
    clock.move_to(DUE + timedelta(days=3, hours=1))
    sweeping.catch_up()
    found = Execution.objects.order_by("job_id", "scheduled_for")
    assert list(found.values_list("job_id", "status", "scheduled_for", "error_message")) == [
        (
            *("a", Status.SKIPPED, DUE + timedelta(days=2)),
            "Missed 3 runs, from 2026-06-01 18:00:00 CST to 2026-06-03 18:00:00 CST: nothing was there to start them.",
        ),
        ("a", Status.QUEUED, DUE + timedelta(days=3), ""),
        (
            *("b", Status.SKIPPED, DUE + timedelta(days=3)),
            "Missed 4 runs, from 2026-06-01 18:00:00 CST to 2026-06-04 18:00:00 CST: nothing was there to start them.",
        ),
    ]
    sweeping.catch_up()
    assert found.count() == 3


def test_moving_a_cron_to_an_earlier_hour_does_not_run_it_at_once(
    declare: Declare, clock: time_machine.Traveller
) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    row = CrontabSchedule.objects.get()
    row.hour = "9"
    row.save()
    assert dispatching.dispatch("job") is None
    clock.shift(60)
    sweeping.catch_up()
    assert not Execution.objects.exists()
    clock.move_to(datetime(2026, 6, 2, 1, 0, 1, tzinfo=UTC))
    assert dispatching.dispatch("job") is not None


@pytest.mark.parametrize("is_told", [True, False], ids=["admin action", "silent update"])
def test_enabling_after_days_does_not_run_it_at_once(
    declare: Declare, clock: time_machine.Traveller, is_told: bool
) -> None:
    declare(schedule=control.cron("0 18 * * *"), enabled=False)
    clock.move_to(DUE + timedelta(days=3, hours=2))
    PeriodicTask.objects.update(enabled=True)
    if is_told:
        PeriodicTasks.update_changed()
    clock.shift(1)
    assert dispatching.dispatch("job") is None
    clock.move_to(DUE + timedelta(days=4, seconds=1))
    execution = dispatching.dispatch("job")
    assert execution is not None
    assert execution.scheduled_for == DUE + timedelta(days=4)


def test_an_edit_moments_before_its_due_moment_counts(declare: Declare, clock: time_machine.Traveller) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    clock.move_to(datetime(2026, 6, 1, 6, 59, 50, tzinfo=UTC))
    row = CrontabSchedule.objects.get()
    row.hour = "15"
    row.save()
    clock.shift(10.2)
    execution = dispatching.dispatch("job")
    assert execution is not None
    assert execution.scheduled_for == datetime(2026, 6, 1, 7, 0, tzinfo=UTC)


def test_a_stale_save_that_brings_back_an_old_last_run_starts_nothing_twice(
    declare: Declare, clock: time_machine.Traveller
) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    stale = PeriodicTask.objects.get()
    clock.move_to(DUE + timedelta(seconds=1))
    dispatching.dispatch("job")
    stale.last_run_at = START - timedelta(days=1)
    stale.save()
    clock.shift(70)
    dispatching.dispatch("job")
    assert Execution.objects.count() == 1


def test_a_start_time_in_the_past_starts_nothing_at_once(declare: Declare, clock: time_machine.Traveller) -> None:
    """The stock scheduler counts a task that never ran and has a start time as thirty years late."""
    declare(schedule=control.cron("0 18 * * *"))
    PeriodicTask.objects.update(start_time=START - timedelta(days=5), last_run_at=None)
    PeriodicTasks.update_changed()
    clock.shift(1)
    assert dispatching.dispatch("job") is None


def test_a_disabled_job_stays_silent(declare: Declare, clock: time_machine.Traveller) -> None:
    declare(schedule=control.cron("* * * * *"))
    control.disable("job")
    clock.shift(600)
    assert dispatching.dispatch("job") is None
    sweeping.catch_up()
    assert not Execution.objects.exists()


def test_a_paused_job_leaves_a_record_with_the_note(declare: Declare, clock: time_machine.Traveller) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    control.pause("job", "waiting for the new token")
    clock.move_to(DUE)
    dispatching.dispatch("job")
    assert (only_execution().status, only_execution().error_message) == (
        Status.SKIPPED,
        "Paused: waiting for the new token",
    )


def test_a_closed_day_of_the_calendar_is_skipped(
    declare: Declare, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendars, "_calendars", {"EXCHANGE": lambda day: day != date(2026, 6, 2)})
    # 01:00 in Shanghai on the 2nd is the 1st in UTC.
    declare(schedule=control.cron("0 1 * * *"), calendar="EXCHANGE")
    clock.move_to(datetime(2026, 6, 1, 17, 0, tzinfo=UTC))
    dispatching.dispatch("job")
    assert only_execution().error_message == "2026-06-02 is a closed day of EXCHANGE."
    clock.shift(86400)
    dispatching.dispatch("job")
    assert Execution.objects.filter(status=Status.QUEUED).count() == 1


def test_a_calendar_that_nobody_knows_is_warned_about_and_the_job_runs(
    declare: Declare, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    JobConfig.objects.update(calendar="MOON")
    clock.move_to(DUE)
    dispatching.dispatch("job")
    assert only_execution().status == Status.QUEUED
    assert "nobody knows the calendar MOON" in caplog.text


def test_a_job_whose_code_is_gone_is_skipped_with_a_warning_and_the_others_run(
    declare: Declare, jobs: dict[str, Job], clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    declare(name="gone", schedule=control.cron("0 18 * * *"))
    declare(name="here", schedule=control.cron("0 18 * * *"))
    del jobs["gone"]
    clock.move_to(DUE)
    sweeping.catch_up()
    statuses = dict(Execution.objects.values_list("job_id", "status"))
    assert statuses == {"gone": Status.SKIPPED, "here": Status.QUEUED}
    assert [record.levelno for record in caplog.records if "No code declares" in record.message] == [logging.WARNING]


@pytest.mark.parametrize(
    ("overlap", "statuses"),
    [
        ("skip", [Status.RUNNING, Status.SKIPPED, Status.SKIPPED]),
        ("queue_one", [Status.RUNNING, Status.QUEUED, Status.SKIPPED]),
        ("cancel_other", [Status.RUNNING, Status.CANCELLED, Status.QUEUED]),
        ("allow", [Status.RUNNING, Status.QUEUED, Status.QUEUED]),
    ],
)
def test_a_run_that_overlaps_another_follows_the_policy(
    declare: Declare, clock: time_machine.Traveller, overlap: str, statuses: list[Status]
) -> None:
    declare(schedule=control.cron("* * * * *"), overlap=overlap)
    for _ in statuses:
        clock.shift(60)
        dispatching.dispatch("job")
        if Execution.objects.count() == 1:
            assert executions.claim(only_execution())
    found = list(Execution.objects.order_by("scheduled_for"))
    assert [execution.status for execution in found] == statuses
    assert (found[0].cancel_requested_at is not None) == (overlap == "cancel_other")
    assert executions.ready("sync").count() == (2 if overlap == "allow" else 0)


@pytest.mark.parametrize("limits", [{"start_time": DUE + timedelta(hours=1)}, {"expires": DUE - timedelta(hours=1)}])
def test_the_start_and_the_expiry_of_beats_page_are_kept(
    declare: Declare, clock: time_machine.Traveller, limits: dict[str, datetime]
) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    PeriodicTask.objects.update(**limits)
    clock.move_to(DUE + timedelta(seconds=1))
    sweeping.catch_up()
    assert dispatching.dispatch("job") is None
    assert not Execution.objects.exists()


def test_a_schedule_of_a_kind_that_is_not_ours_is_warned_about(
    declare: Declare, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    event = SolarSchedule.objects.create(event="sunset", latitude=31, longitude=121)
    PeriodicTask.objects.update(crontab=None, solar=event)
    clock.move_to(DUE)
    assert dispatching.dispatch("job") is None
    assert "neither a cron nor an interval" in caplog.text


def test_a_dispatch_for_a_job_that_is_gone_does_no_harm(jobs: dict[str, Job]) -> None:
    assert dispatching.dispatch("nothing") is None
