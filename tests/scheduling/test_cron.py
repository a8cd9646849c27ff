"""Previews against what Celery's own schedule fires, second by second where it matters."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from celery.schedules import crontab
from django_celery_beat.models import CrontabSchedule

from scheduling import daylight
from scheduling.cron import FIELDS, check_cron, cron_sentence, cron_warning, last_fire, next_fire
from scheduling.exceptions import ConfigurationError
from scheduling.schedules import Cron, Interval, due_moments, next_runs

SPRING = datetime(2026, 3, 7, 12, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 31, 12, tzinfo=UTC)
LINES = [
    ("* * * * *", "Asia/Shanghai", SPRING),
    ("*/5 * * * *", "Asia/Shanghai", SPRING),
    ("*/7 * * * *", "UTC", SPRING),
    ("0 18 * * *", "Asia/Shanghai", SPRING),
    ("0 0 * * *", "Asia/Shanghai", SPRING),
    ("30 18 * * 1-5", "Asia/Shanghai", SPRING),
    ("0 9 * * mon,wed", "Asia/Shanghai", SPRING),
    ("0 9 * * 0", "Asia/Shanghai", SPRING),
    ("15,45 9-11 * * *", "Asia/Shanghai", SPRING),
    ("0 */6 * * *", "Asia/Shanghai", SPRING),
    ("0 0 1 * *", "Asia/Shanghai", SPRING),
    ("0 0 31 * *", "Asia/Shanghai", SPRING),
    ("0 0 29 2 *", "Asia/Shanghai", SPRING),
    ("0 0 1 * 1", "Asia/Shanghai", SPRING),
    ("0 12 13 * 5", "UTC", SPRING),
    ("0 4 1 */3 *", "Asia/Shanghai", SPRING),
    ("59 23 31 12 *", "Asia/Shanghai", SPRING),
    ("5 4 2-30/2 * *", "Asia/Shanghai", SPRING),
    ("0 0 1,15 1-6 *", "Europe/Berlin", SPRING),
    ("0 8 * jan,jul 1", "Asia/Tokyo", SPRING),
    ("30 2 * * *", "America/New_York", SPRING),
    ("0 * * * *", "America/New_York", SPRING),
    ("*/20 2 * * *", "America/New_York", SPRING),
    ("30 1 * * *", "America/New_York", AUTUMN),
    ("*/30 * * * *", "America/New_York", AUTUMN),
    ("0 * * * *", "America/New_York", AUTUMN),
    ("0 1,2 * * *", "America/New_York", AUTUMN),
    ("15 2 * * *", "Europe/Berlin", datetime(2026, 3, 28, 12, tzinfo=UTC)),
    ("45 1 * * *", "Australia/Lord_Howe", datetime(2026, 4, 4, 3, tzinfo=UTC)),
    ("0 16 * * 1-5", "America/New_York", datetime(2026, 3, 6, 12, tzinfo=UTC)),
]


def fired_by_celery(expression: str, zone: str, start: datetime, count: int) -> list[datetime]:
    """What django-celery-beat's schedule fires, asked as beat asks it: is it due, and when to ask again."""
    row = CrontabSchedule(timezone=ZoneInfo(zone), **dict(zip(FIELDS, expression.split(), strict=True)))
    fired: list[datetime] = []
    schedule, last_run = row.schedule, start
    with time_machine.travel(start, tick=False) as clock:
        while len(fired) < count:
            is_due, wait = schedule.is_due(last_run)
            if is_due:
                last_run = datetime.now(UTC)
                fired.append(last_run)
            clock.shift(max(wait, 0.001) if not is_due else 0.5)
    return fired


@pytest.mark.parametrize(("expression", "zone", "start"), LINES)
def test_previews_equal_what_celery_fires(expression: str, zone: str, start: datetime) -> None:
    preview = next_runs(Cron(expression, zone), start, 8)
    fired = fired_by_celery(expression, zone, start, 8)
    assert [moment.replace(microsecond=0) for moment in fired] == preview


@pytest.mark.parametrize(("expression", "zone", "start"), LINES)
def test_the_last_due_moment_is_the_one_before_the_next(expression: str, zone: str, start: datetime) -> None:
    moments = list(islice(due_moments(Cron(expression, zone), start), 60))
    for earlier, later in pairwise(moments):
        assert last_fire(expression, zone, earlier) == earlier
        assert last_fire(expression, zone, later - timedelta(seconds=1)) == earlier


def test_the_next_run_does_not_depend_on_where_in_a_repeated_hour_one_asks() -> None:
    repeated = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)  # 01:10 for the second time
    assert next_fire("*/30 * * * *", "America/New_York", repeated) == datetime(2026, 11, 1, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 30 2 *",
        "0 0 31 4,6,9,11 *",
        "60 * * * *",
        "* 24 * * *",
        "* * * * 7",
        "* * * *",
        "* * * * * *",
        "x * * * *",
        "",
        "0 18 * * mon-",
        "-1 * * * *",
        "*/0 * * * *",
        "5-1-2 * * * *",
    ],
)
def test_it_refuses_what_celery_cannot_read_or_what_never_fires(expression: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        check_cron(expression, "Asia/Shanghai")
    assert refusal.value.field == "cron_expression"


@pytest.mark.parametrize("zone", ["Asia/Peking", "", "../etc/passwd", "CST+8", "Asia"])
def test_it_refuses_a_time_zone_that_does_not_exist(zone: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        check_cron("0 18 * * *", zone)
    assert refusal.value.field == "timezone"


@pytest.mark.parametrize("days", ["7", "5-7", "1,7", "7/2"])
def test_sunday_as_7_is_refused_in_a_sentence_that_tells_how_to_write_it(days: str) -> None:
    with pytest.raises(ConfigurationError, match=f"cannot be '{days}': Sunday is 0 or sun, not 7; .* 5-6,0"):
        check_cron(f"0 9 * * {days}", "Asia/Shanghai")
    check_cron("0 9 * * */7", "Asia/Shanghai")
    assert next_fire("0 9 * * 5-6,0", "UTC", datetime(2026, 6, 6, 10, tzinfo=UTC)).isoweekday() == 7


NEW_YORK = ZoneInfo("America/New_York")
NIGHTS = [
    (datetime(2026, 11, 1, 3, tzinfo=UTC), "30 1 * * *", ["01:30 EDT"]),
    (datetime(2026, 11, 1, 3, tzinfo=UTC), "0 2 * * *", ["02:00 EST"]),
    (datetime(2026, 11, 1, 3, tzinfo=UTC), "*/30 1,2 * * *", ["01:00 EDT", "01:30 EDT", "02:00 EST", "02:30 EST"]),
    (datetime(2026, 3, 8, 3, tzinfo=UTC), "30 1 * * *", ["01:30 EST"]),
    (datetime(2026, 3, 8, 3, tzinfo=UTC), "0 2 * * *", ["03:00 EDT"]),
    (datetime(2026, 3, 8, 3, tzinfo=UTC), "0 2,3 * * *", ["03:00 EDT"]),
    (datetime(2026, 3, 8, 3, tzinfo=UTC), "30 2 * * *", ["03:30 EDT"]),
]


@pytest.mark.parametrize(("start", "expression", "moments"), NIGHTS)
def test_on_the_night_of_a_change_of_clocks_each_time_of_day_is_due_once(
    start: datetime, expression: str, moments: list[str]
) -> None:
    due = takewhile(
        lambda moment: moment < start + timedelta(hours=9), due_moments(Cron(expression, "America/New_York"), start)
    )
    assert [f"{moment.astimezone(NEW_YORK):%H:%M %Z}" for moment in due] == moments


@pytest.mark.parametrize(
    ("expression", "zone", "sentences"),
    [
        ("30 1 * * *", "America/New_York", ["On 2026-11-01 the time from 01:00 to 02:00 comes twice"]),
        ("30 2 * * *", "America/New_York", ["On 2027-03-14 the time from 02:00 to 03:00 is left out"]),
        ("0 2,3 * * *", "Europe/Berlin", ["On 2026-10-25 the time from 02:00 to 03:00 comes", "On 2027-03-28 the"]),
        ("45 1 * * *", "Australia/Lord_Howe", ["On 2027-04-04 the time from 01:30 to 02:00 comes twice"]),
        ("0 18 * * *", "America/New_York", []),
        ("30 1 * * *", "Asia/Shanghai", []),
    ],
)
def test_a_schedule_that_a_change_of_clocks_meets_is_told_of(expression: str, zone: str, sentences: list[str]) -> None:
    told = daylight.warnings(expression, zone, datetime(2026, 6, 1, tzinfo=UTC))
    assert len(told) == len(sentences)
    assert all(text.startswith(sentence) for text, sentence in zip(told, sentences, strict=True))


def test_both_day_fields_are_warned_about_because_celery_wants_both_to_match() -> None:
    assert "both" in cron_warning("0 0 1 * 1")
    assert cron_warning("0 0 1 * *") == cron_warning("0 0 * * 1") == ""
    first = next_fire("0 0 1 * 1", "UTC", datetime(2026, 1, 1, tzinfo=UTC))
    assert (first.day, first.isoweekday()) == (1, 1)


def test_a_sentence_explains_the_common_patterns() -> None:
    assert cron_sentence("0 18 * * *", "Asia/Shanghai") == "At 18:00 (Asia/Shanghai)"
    assert cron_sentence("30 18 * * 1-5", "Asia/Shanghai") == "At 18:30, Monday through Friday (Asia/Shanghai)"
    assert cron_sentence("*/5 * * * *", "UTC") == "Every 5 minutes (UTC)"


def test_keywords_keep_the_day_of_the_week_in_its_place() -> None:
    third_position: Any = crontab("0", "9", "1")
    assert third_position.day_of_week == {1}
    assert next_fire("0 9 1 * *", "UTC", datetime(2026, 1, 2, tzinfo=UTC)).day == 1


def test_an_interval_counts_from_its_start_without_drift() -> None:
    start = datetime(2026, 1, 1, 8, tzinfo=UTC)
    every = Interval(600, start)
    assert every.latest(start + timedelta(seconds=599)) is None
    assert every.latest(start + timedelta(seconds=1250)) == start + timedelta(seconds=1200)
    assert next_runs(every, start, 2) == [start + timedelta(seconds=600), start + timedelta(seconds=1200)]
    assert every.sentence() == "Every 10 minutes"
    assert Interval(3600, start).sentence() == "Every hour"
