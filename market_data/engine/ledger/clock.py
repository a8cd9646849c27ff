"""Moments that decide: when a day's data is due, which days are recent, when something is asked again."""

from bisect import bisect_right
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone

from market_data.datasets import EXCHANGE, Dataset, Rhythm
from market_data.datasets.quarters import deadline, quarter_ends
from market_data.models import TradingDay

SHANGHAI = ZoneInfo("Asia/Shanghai")
RECENT_SESSIONS = 10
RECENT_DAYS_AT_MOST = 30
RECENT_QUARTER_DAYS = 93
ANSWERS_APART = timedelta(hours=1)
DOUBTED_AGAIN = timedelta(minutes=30)
RECHECK_AFTER = (timedelta(days=7), timedelta(days=30), timedelta(days=90))


def now() -> datetime:
    """The moment by the database's clock, which all hosts share; on SQLite there is only the host's."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def today() -> date:
    return day_of(now())


def day_of(moment: datetime) -> date:
    """The day in Shanghai."""
    return moment.astimezone(SHANGHAI).date()


def ready_moment(dataset: Dataset, day: date) -> datetime:
    """From when on the source can have this day; for reports, from when on it must."""
    if dataset.rhythm == Rhythm.QUARTERS:
        day = deadline(day) + timedelta(days=1)
    return datetime.combine(day, dataset.ready_at, SHANGHAI)


def last_due_day(dataset: Dataset, moment: datetime) -> date:
    """The latest calendar day whose data can be there; the latest quarter whose reports must be."""
    if dataset.rhythm == Rhythm.QUARTERS:
        today = moment.astimezone(SHANGHAI).date()
        ended = quarter_ends(today - timedelta(days=400), today)
        return max(quarter for quarter in ended if ready_moment(dataset, quarter) <= moment)
    day = moment.astimezone(SHANGHAI).date()
    return day if ready_moment(dataset, day) <= moment else day - timedelta(days=1)


def recent_from(dataset: Dataset, moment: datetime) -> date:
    """The first of the last ten sessions, or the last but one quarter that is due: from here on one clean answer does
    not settle a missing cell."""
    day = moment.astimezone(SHANGHAI).date()
    if dataset.rhythm == Rhythm.QUARTERS:
        last = last_due_day(dataset, moment)
        return quarter_ends(last - timedelta(days=RECENT_QUARTER_DAYS), last)[0]
    sessions = TradingDay.objects.filter(
        exchange=EXCHANGE, is_open=True, trade_date__lte=day, trade_date__gte=day - timedelta(RECENT_DAYS_AT_MOST)
    )
    latest = sessions.order_by("-trade_date").values_list("trade_date", flat=True)[:RECENT_SESSIONS]
    return min(latest, default=day)


def answers_needed(day: date, recent: date) -> int:
    return 2 if day >= recent else 1


def recheck_at(settled_rechecks: int, moment: datetime) -> datetime | None:
    """When a settled cell is asked again: after 7, 30 and 90 days, then never."""
    if settled_rechecks >= len(RECHECK_AFTER):
        return None
    return moment + RECHECK_AFTER[settled_rechecks]


def doubted_again(day: date, recent: date, moment: datetime) -> datetime:
    """When a day whose answer is not believed is asked again; every run that comes by asks before."""
    return moment + (DOUBTED_AGAIN if day >= recent else timedelta(days=1))


def trailing_moment(dataset: Dataset, day: date, asked: datetime, sessions: list[date]) -> datetime | None:
    """When a complete day is asked again: after each of the sessions that trail it. `sessions` ascend."""
    if not sessions or day < sessions[0]:
        return None
    position = bisect_right(sessions, day)
    for later in sessions[position : position + dataset.trailing_days]:
        if ready_moment(dataset, later) > asked:
            return ready_moment(dataset, later)
    return None
