"""Calendars by name: which days a job runs on. Whoever knows a calendar registers it here."""

from collections.abc import Callable
from datetime import date

IsOpen = Callable[[date], bool]
_calendars: dict[str, IsOpen] = {}


def register_calendar(name: str, is_open: IsOpen) -> None:
    """Make a calendar known. `is_open` answers True for days that it does not know."""
    _calendars[name] = is_open


def calendar_names() -> list[str]:
    return sorted(_calendars)


def is_open(name: str, day: date) -> bool:
    """Raises KeyError for a calendar that nobody registered."""
    return _calendars[name](day)
