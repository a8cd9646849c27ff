"""Due moments that passed while nothing was there to start a run."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from scheduling import calendars
from scheduling.models import JobConfig
from scheduling.schedules import Interval, due_moments

log = logging.getLogger(__name__)

MOST_COUNTED = 1000
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Misses:
    """How many moments, at least where `is_more`, from the first to the last one."""

    count: int
    first: datetime
    last: datetime
    zone: ZoneInfo
    is_more: bool = False

    def told(self) -> str:
        """In a sentence, in the time zone of the job."""
        if self.count == 1:
            return f"Missed 1 run, of {self._local(self.first)}: nothing was there to start it."
        count = f"{self.count} runs or more" if self.is_more else f"{self.count} runs"
        span = f"from {self._local(self.first)} to {self._local(self.last)}"
        return f"Missed {count}, {span}: nothing was there to start them."

    def _local(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M:%S %Z}"


def between(config: JobConfig, since: datetime, due: datetime, *, inclusive: bool) -> Misses | None:
    """The moments after `since` and before `due`, or with it, but for closed days; None where there are none."""
    until = due + _MOMENT if inclusive else due
    start = config.periodic_task.start_time if config.periodic_task else None
    since = max(since, start - _MOMENT) if start else since
    schedule, zone = config.schedule, ZoneInfo(config.timezone)
    if isinstance(schedule, Interval) and not config.calendar:
        last = schedule.latest(until - _MOMENT)
        first = schedule.next_after(since)
        if last is None or last < first:
            return None
        return Misses(1 + round((last - first).total_seconds() / schedule.seconds), first, last, zone)
    moments = list(islice(_open_moments(config, since, until), MOST_COUNTED + 1))
    if not moments:
        return None
    is_more = len(moments) > MOST_COUNTED
    last = (schedule.latest(until - _MOMENT) if is_more and schedule else None) or moments[-1]
    return Misses(min(len(moments), MOST_COUNTED), moments[0], last, zone, is_more)


def _open_moments(config: JobConfig, since: datetime, until: datetime) -> Iterator[datetime]:
    if config.schedule is None:
        return
    for moment in takewhile(lambda moment: moment < until, due_moments(config.schedule, since)):
        if not closed(config, moment):
            yield moment


def closed(config: JobConfig, due: datetime) -> str:
    """Why the job's calendar lets it rest at this moment; empty where it does not."""
    if not config.calendar:
        return ""
    day = due.astimezone(ZoneInfo(config.timezone)).date()
    try:
        return "" if calendars.is_open(config.calendar, day) else f"{day} is a closed day of {config.calendar}."
    except KeyError:
        log.warning("%s: nobody knows the calendar %s; the job runs every day", config.job_id, config.calendar)
        return ""
