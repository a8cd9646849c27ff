"""The trading days of a made-up market: Shanghai's as far as a library knows them, made-up ones after."""

import warnings
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from market_data.standin.market.tables import Keys, Table, stored, texts

Days = npt.NDArray[np.datetime64]
EXCHANGES = ("BSE", "SSE", "SZSE")


@dataclass(frozen=True)
class Calendar:
    """`sessions` are the market's trading days, ascending; `known` goes on to the end of the year and one day back.

    From `made_up_from` on nobody knows the real ones.
    """

    sessions: Days
    known: Days
    made_up_from: np.datetime64


def read_calendar(days: int, end: str) -> Calendar:
    """The last `days` sessions up to `end` (YYYYMMDD). Raises ValueError where the calendar does not reach."""
    last = np.datetime64(datetime.strptime(end, "%Y%m%d").date())  # noqa: DTZ007 - a calendar day has no zone
    first = max(last - (days * 8 // 5 + 60), np.datetime64("1990-12-03"))
    real = _sessions(first)
    made_up_from = real[-1].astype("datetime64[Y]") + 1
    known = np.concatenate([real, _made_up_sessions(made_up_from, int(end[:4]))])
    known = known[(known >= first) & (known < np.datetime64(end[:4]) + 1)]
    place = int(np.searchsorted(known, last, side="right"))
    if place <= days:
        raise ValueError(f"there are only {place} trading days up to {end}")
    return Calendar(known[place - days : place], known[place - days - 1 :], made_up_from.astype("datetime64[D]"))


def _made_up_sessions(first_year: np.datetime64, last_year: int) -> Days:
    """Weekdays but for the holidays that have fixed days, and a week of February for the one that has not."""
    days = np.arange(first_year.astype("datetime64[D]"), np.datetime64(f"{last_year + 1}-01-01"))
    day_of_year = [str(day)[5:] for day in days]
    closed = [day == "01-01" or "02-10" <= day <= "02-16" or "10-01" <= day <= "10-07" for day in day_of_year]
    weekday = (days.astype(np.int64) - 4) % 7
    sessions: Days = days[(weekday < 5) & ~np.array(closed, bool)]
    return sessions


def _sessions(first: np.datetime64) -> Days:
    """As many as the library knows."""
    import exchange_calendars  # a second of import, for a made-up market only

    with warnings.catch_warnings():
        # exchange_calendars 4.13 reads times of day, which are not used here, in a way pandas 3.1 warns of.
        warnings.filterwarnings("ignore", message="Series.values returning an ndarray")
        latest = exchange_calendars.get_calendar("XSHG").last_session.date()
        start = min(str(first), f"{latest.year}-01-01")
        calendar = exchange_calendars.get_calendar("XSHG", start=start, end=f"{latest.year}-12-31")
    sessions: Days = calendar.sessions.to_numpy().astype("datetime64[D]")
    return sessions


def compact(days: Days) -> list[str]:
    """Days as YYYYMMDD."""
    return [str(day).replace("-", "") for day in days]


def calendar_table(calendar: Calendar) -> Table:
    """trade_cal from the first session to the end of the last one's year."""
    first, last = calendar.sessions[0], calendar.sessions[-1].astype("datetime64[Y]") + 1
    days = np.arange(first, last.astype("datetime64[D]"))[::-1]
    before = calendar.known[np.searchsorted(calendar.known, days) - 1]
    columns = {
        "exchange": [f'"{name}"' for _ in days for name in EXCHANGES],
        "cal_date": _per_exchange([f'"{day}"' for day in compact(days)]),
        "is_open": _per_exchange([str(int(is_open)) for is_open in np.isin(days, calendar.known)]),
        "pretrade_date": _per_exchange([f'"{day}"' for day in compact(before)]),
    }
    dates = np.repeat(np.array(compact(days), np.int32), len(EXCHANGES))
    keys = Keys([""], np.zeros(len(dates), np.int32), dates)
    return Table(keys, {name: stored(texts(values)) for name, values in columns.items()})


def _per_exchange(values: list[str]) -> list[str]:
    return [value for value in values for _ in EXCHANGES]
