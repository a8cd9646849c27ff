"""When a job is due: by cron, or every so many seconds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Protocol

from django.utils.translation import ngettext

from scheduling import cron

UNITS: tuple[tuple[int, Callable[[int], str]], ...] = (
    (86400, lambda n: ngettext("Every day", "Every %(n)s days", n)),
    (3600, lambda n: ngettext("Every hour", "Every %(n)s hours", n)),
    (60, lambda n: ngettext("Every minute", "Every %(n)s minutes", n)),
    (1, lambda n: ngettext("Every second", "Every %(n)s seconds", n)),
)


class Schedule(Protocol):
    def next_after(self, moment: datetime) -> datetime:
        """The first due moment strictly after this one; UTC."""

    def latest(self, until: datetime) -> datetime | None:
        """The last due moment that is not after this one; UTC."""

    def sentence(self) -> str:
        """The schedule in plain words."""


@dataclass(frozen=True)
class Cron:
    """Five cron fields in a time zone."""

    expression: str
    timezone: str

    def next_after(self, moment: datetime) -> datetime:
        return cron.next_fire(self.expression, self.timezone, moment)

    def latest(self, until: datetime) -> datetime | None:
        return cron.last_fire(self.expression, self.timezone, until)

    def sentence(self) -> str:
        return cron.cron_sentence(self.expression, self.timezone)


@dataclass(frozen=True)
class Interval:
    """Every so many seconds, counted from `start`, which is not due itself."""

    seconds: int
    start: datetime

    def next_after(self, moment: datetime) -> datetime:
        return self._due(max(self._passed(moment) + 1, 1))

    def latest(self, until: datetime) -> datetime | None:
        passed = self._passed(until)
        return self._due(passed) if passed >= 1 else None

    def sentence(self) -> str:
        length, words = next(pair for pair in UNITS if self.seconds % pair[0] == 0)
        count = self.seconds // length
        return words(count) % {"n": count}

    def _passed(self, moment: datetime) -> int:
        return int((moment - self.start) // timedelta(seconds=self.seconds))

    def _due(self, number: int) -> datetime:
        return (self.start + timedelta(seconds=self.seconds * number)).astimezone(UTC)


def due_moments(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """The due moments after this one, in order, without end; UTC."""
    while True:
        after = schedule.next_after(after)
        yield after


def next_runs(schedule: Schedule, after: datetime, count: int = 5) -> list[datetime]:
    return list(islice(due_moments(schedule, after), count))
