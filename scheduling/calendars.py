"""Calendars by name: which days a job runs on. Whoever knows a calendar registers it here."""

from collections.abc import Callable
from datetime import date

from scheduling.exceptions import ConfigurationError

IsOpen = Callable[[date], bool]
_calendars: dict[str, IsOpen] = {}


def register_calendar(name: str, is_open: IsOpen) -> None:
    """Make a calendar known. `is_open` answers True for days that it does not know."""
    _calendars[name] = is_open


def calendar_names() -> list[str]:
    return sorted(_calendars)


def check_known(name: str) -> None:
    """Raises ConfigurationError for a calendar that nobody registered; no name is no calendar."""
    if name and name not in _calendars:
        known = ", ".join(calendar_names()) or "none"
        raise ConfigurationError(f"Nobody knows the calendar {name}; there are: {known}.", "calendar")


def is_open(name: str, day: date) -> bool:
    """Raises KeyError for a calendar that nobody registered."""
    return _calendars[name](day)
