"""What the nights on which clocks are changed do to a cron schedule, told beforehand.

Each time of day is run once. One that comes twice is run the first time; one that is left out is run as much later as
the clocks go forward, together with what is due then anyway.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling.cron import times_of_day

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def warnings(expression: str, timezone: str, now: datetime) -> list[str]:
    """A sentence for each change of the clocks within a year that meets the schedule."""
    zone, times = ZoneInfo(timezone), times_of_day(expression, timezone)
    return [told for change in _changes(zone, now) if (told := _told(change, zone, times))]


def _told(change: datetime, zone: ZoneInfo, times: set[tuple[int, int]]) -> str:
    before, after = (_wall(moment, zone) for moment in (change - _MINUTE, change))
    step = after - before - _MINUTE
    first, last = (before + _MINUTE, after) if step > timedelta(0) else (after, before + _MINUTE)
    minutes = (first + _MINUTE * number for number in range((last - first) // _MINUTE))
    if not any((minute.hour, minute.minute) in times for minute in minutes):
        return ""
    span = f"On {first:%Y-%m-%d} the time from {first:%H:%M} to {last:%H:%M}"
    if step > timedelta(0):
        return f"{span} is left out in {zone.key}: what is due then runs {_length(step)} later."
    return f"{span} comes twice in {zone.key}: what is due then runs the first time only."


def _length(step: timedelta) -> str:
    minutes = step // _MINUTE
    return "an hour" if minutes == 60 else f"{minutes} minutes"


def _changes(zone: ZoneInfo, now: datetime) -> Iterator[datetime]:
    """The moments, within a year, at which the zone's distance to UTC changes."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for start in (day + _DAY * number for number in range(366)):
        if _offset(start, zone) != _offset(start + _DAY, zone):
            minutes = (start + _MINUTE * number for number in range(1, 1441))
            yield next(minute for minute in minutes if _offset(minute, zone) != _offset(start, zone))


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
