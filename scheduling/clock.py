"""The database's clock. Whatever decides is read from it, written by it and judged by it; a host's own may be wrong.

On SQLite the database has no other clock than the host's.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

log = logging.getLogger(__name__)

MOST_APART_SECONDS = 2.0
SLACK = timedelta(seconds=MOST_APART_SECONDS)
"""A clock is set by so much without anybody's noticing; no stored moment is void for that."""
REMEMBERED_SECONDS = 30.0


@dataclass(frozen=True)
class _Reading:
    moment: datetime
    monotonic: float


_latest: _Reading | None = None


def now() -> datetime:
    """The moment by the database's clock, within a transaction too."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def about_now() -> datetime:
    """The same, counted on from the latest reading, for those who ask thousands of times.

    It counts by a clock that nobody sets, so that a host whose time jumps is not misled between two readings.
    """
    global _latest
    if connection.vendor != "postgresql":
        return timezone.now()
    if _latest is None or time.monotonic() - _latest.monotonic > REMEMBERED_SECONDS:
        _latest = _Reading(now(), time.monotonic())
    return _latest.moment + timedelta(seconds=time.monotonic() - _latest.monotonic)


def distance() -> float:
    """How many seconds this host's clock is ahead of the database's."""
    before = timezone.now()
    there = now()
    after = timezone.now()
    return (before + (after - before) / 2 - there).total_seconds()


def is_off(seconds: float) -> bool:
    """Whether a clock so far from the database's is worth telling a person."""
    return abs(seconds) > MOST_APART_SECONDS


def told(process: str, seconds: float) -> str:
    """The distance of a process's clock in a sentence."""
    where = "ahead of" if seconds > 0 else "behind"
    return (
        f"The clock of {process} is {abs(seconds):.1f} s {where} the database's: "
        "set it, such as with chrony or systemd-timesyncd."
    )


def is_over(moment: datetime, length: timedelta, at: datetime) -> bool:
    """Whether a span of this length that ends at a stored moment is over at another, or void.

    It is void where it ends further ahead than its own length: a clock that was wrong has written it.
    """
    return moment < at or moment > at + length + SLACK


def over(field: str, length: timedelta, at: datetime) -> Q:
    """`is_over` as a condition on a column."""
    return Q(**{f"{field}__lt": at}) | Q(**{f"{field}__gt": at + length + SLACK})


class Pace:
    """Whether the clock has been set between two questions: it has, where it moved otherwise than one nobody sets."""

    def __init__(self) -> None:
        self._lead: float | None = None

    def has_jumped(self) -> bool:
        before, self._lead = self._lead, about_now().timestamp() - time.monotonic()
        return before is not None and is_off(self._lead - before)
