"""The trading days of a made-up market: the real ones of Shanghai."""

import warnings
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from market_data.standin.tables import Keys, Table, stored, texts

Days = npt.NDArray[np.datetime64]
EXCHANGES = ("BSE", "SSE", "SZSE")


@dataclass(frozen=True)
class Calendar:
    """`sessions` are the market's trading days, ascending; `known` goes on to the end of the year and one day back."""

    sessions: Days
    known: Days


def read_calendar(days: int, end: str) -> Calendar:
    """The last `days` sessions up to `end` (YYYYMMDD). Raises ValueError where the calendar does not reach."""
    last = np.datetime64(datetime.strptime(end, "%Y%m%d").date())  # noqa: DTZ007 - a calendar day has no zone
    first = max(last - (days * 8 // 5 + 60), np.datetime64("1990-12-03"))
    known = _sessions(first, end[:4])
    place = int(np.searchsorted(known, last, side="right"))
    if place <= days:
        raise ValueError(f"there are only {place} trading days up to {end}")
    return Calendar(known[place - days : place], known[place - days - 1 :])


def _sessions(first: np.datetime64, last_year: str) -> Days:
    import exchange_calendars  # a second of import, for a made-up market only

    with warnings.catch_warnings():
        # exchange_calendars 4.13 reads times of day, which are not used here, in a way pandas 3.1 warns of.
        warnings.filterwarnings("ignore", message="Series.values returning an ndarray")
        calendar = exchange_calendars.get_calendar("XSHG", start=str(first), end=f"{last_year}-12-31")
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
