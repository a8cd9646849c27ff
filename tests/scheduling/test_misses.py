"""Moments that went by while nothing was there: one record for all of them, whatever becomes of the latest."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django_celery_beat.models import PeriodicTask

from scheduling import calendars, control, dispatching, misses, sweeping
from scheduling.context import Status
from scheduling.models import Execution, JobConfig
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db

DUE = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)  # 18:00 in Shanghai, a Monday


def records() -> list[tuple[str, datetime | None, str]]:
    found = Execution.objects.order_by("scheduled_for")
    return list(found.values_list("status", "scheduled_for", "error_message"))


def test_a_beat_that_is_back_just_in_time_still_tells_of_the_moments_before(
    declare: Declare, clock: time_machine.Traveller
) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    clock.move_to(DUE + timedelta(days=2, seconds=1))
    dispatching.dispatch("job")
    assert records() == [
        (
            *(Status.SKIPPED, DUE + timedelta(days=1)),
            "Missed 2 runs, from 2026-06-01 18:00:00 CST to 2026-06-02 18:00:00 CST: nothing was there to start them.",
        ),
        (Status.QUEUED, DUE + timedelta(days=2), ""),
    ]


def test_one_moment_is_told_as_one(declare: Declare, clock: time_machine.Traveller) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    clock.move_to(DUE + timedelta(days=1, seconds=1))
    dispatching.dispatch("job")
    told = "Missed 1 run, of 2026-06-01 18:00:00 CST: nothing was there to start it."
    assert records()[0] == (Status.SKIPPED, DUE, told)


def test_a_paused_job_has_one_record_with_its_note_and_what_was_missed(
    declare: Declare, clock: time_machine.Traveller
) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    control.pause("job", "later")
    clock.move_to(DUE + timedelta(days=3, hours=2))
    sweeping.catch_up()
    ((status, _, message),) = records()
    assert status == Status.SKIPPED
    assert message.startswith("Paused: later Missed 3 runs, from 2026-06-01 18:00:00 CST to 2026-06-03")


def test_every_job_has_a_record_of_its_own(declare: Declare, clock: time_machine.Traveller) -> None:
    for name in "abc":
        declare(name=name, schedule=control.interval(3600))
    clock.shift(timedelta(hours=10, seconds=1))
    sweeping.catch_up()
    sweeping.catch_up()
    skipped = Execution.objects.filter(status=Status.SKIPPED)
    assert sorted(skipped.values_list("job_id", flat=True)) == ["a", "b", "c"]
    assert all("Missed 9 runs, from" in run.error_message for run in skipped)
    assert Execution.objects.filter(status=Status.QUEUED).count() == 3


def test_a_day_of_seconds_is_counted_to_the_last_one(declare: Declare, clock: time_machine.Traveller) -> None:
    declare(schedule=control.interval(1))
    clock.shift(timedelta(days=1))
    sweeping.catch_up()
    assert "Missed 86399 runs, from 2026-06-01 12:00:01 CST to 2026-06-02 11:59:59 CST" in records()[0][2]


def test_years_of_minutes_are_counted_up_to_a_bound_and_the_span_is_told(
    declare: Declare, clock: time_machine.Traveller
) -> None:
    declare(schedule=control.cron("* * * * *"))
    clock.shift(timedelta(days=400))
    sweeping.catch_up()
    assert "Missed 1000 runs or more, from 2026-06-01 12:01:00 CST to 2027-07-06 11:59:00 CST" in records()[0][2]


def test_closed_days_and_moments_before_the_start_on_beats_page_were_not_missed(
    declare: Declare, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = {date(2026, 6, 3), date(2026, 6, 4)}
    monkeypatch.setattr(calendars, "_calendars", {"EXCHANGE": lambda day: day not in closed})
    config = declare(schedule=control.cron("0 18 * * *"), calendar="EXCHANGE")
    PeriodicTask.objects.update(start_time=DUE + timedelta(hours=1))
    missed = misses.between(JobConfig.objects.get(), config.schedule_since, DUE + timedelta(days=5), inclusive=False)
    assert missed == misses.Misses(2, DUE + timedelta(days=1), DUE + timedelta(days=4), ZoneInfo("Asia/Shanghai"))


NEW_YORK_NIGHTS = [
    (datetime(2026, 11, 1, 3, tzinfo=UTC), "30 1 * * *", ["01:30 EDT"]),
    (datetime(2026, 11, 1, 3, tzinfo=UTC), "0 2 * * *", ["02:00 EST"]),
    (datetime(2026, 3, 8, 3, tzinfo=UTC), "0 2 * * *", ["03:00 EDT"]),
    (datetime(2026, 3, 8, 3, tzinfo=UTC), "30 1,2 * * *", ["01:30 EST", "03:30 EDT"]),
]


@pytest.mark.parametrize(("start", "expression", "moments"), NEW_YORK_NIGHTS)
def test_on_the_night_of_a_change_of_clocks_each_time_of_day_runs_once(
    declare: Declare, clock: time_machine.Traveller, start: datetime, expression: str, moments: list[str]
) -> None:
    clock.move_to(start)
    declare(schedule=control.cron(expression, "America/New_York"))
    for _ in range(9 * 12):
        clock.shift(300)
        dispatching.dispatch("job")
        sweeping.catch_up()
        Execution.objects.filter(status=Status.QUEUED).update(status=Status.SUCCESS)
    zone = ZoneInfo("America/New_York")
    ran = [f"{moment.astimezone(zone):%H:%M %Z}" for status, moment, _ in records() if moment and status == "SUCCESS"]
    assert (ran, Execution.objects.count()) == (moments, len(moments))
