"""Weekly and monthly bars out of daily ones."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Literal

from market_data.frames import np, pa
from market_data.queries.adjusting import FILLED
from market_data.queries.ordering import Numbers, floats, joined, keys_of, known, starts_of

Frequency = Literal["daily", "weekly", "monthly"]
_THURSDAY_TO_MONDAY = 3
"""1970-01-01, from which days are counted, was a Thursday; weeks begin on Mondays."""


def span_of(day: date, frequency: Frequency) -> tuple[date, date]:
    """The first and the last calendar day of the week, from Monday on, or of the month that a day lies in."""
    if frequency == "daily":
        return day, day
    if frequency == "monthly":
        return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
    monday = day.toordinal() - day.weekday()
    return date.fromordinal(monday), date.fromordinal(min(monday + 6, date.max.toordinal()))


def bars_of_periods(bars: pa.Table, frequency: Frequency) -> pa.Table:
    """Daily bars, ascending by symbol and day, put together by week or month; the columns stay the same.

    A bar is dated by its last day with a bar. `pre_close` is the close of the symbol's bar before; of its first one,
    the `pre_close` of its first day. What is not known of a day is not known of its period.
    """
    if not bars.num_rows:
        return bars
    keys = keys_of(bars)
    starts = starts_of(joined(keys.places, _periods(keys.days, frequency)))
    ends = np.append(starts[1:], bars.num_rows) - 1
    places = keys.places[starts]
    values = {name: floats(bars[name]) for name in bars.column_names if bars.schema.field(name).type == pa.float64()}
    close = values["close"][ends]
    is_first = np.concatenate([[True], places[1:] != places[:-1]])
    pre_close = np.where(is_first, values["pre_close"][starts], np.roll(close, 1))
    change = close - pre_close
    together = {
        "open": values["open"][starts],
        "high": np.maximum.reduceat(values["high"], starts),
        "low": np.minimum.reduceat(values["low"], starts),
        "close": close,
        "pre_close": pre_close,
        "change": change,
        "pct_chg": 100 * np.divide(change, pre_close, out=np.full(len(change), np.nan), where=pre_close != 0),
        "volume": np.add.reduceat(values["volume"], starts),
        "amount": np.add.reduceat(values["amount"], starts),
    }
    last_days = bars.select(["symbol", "trade_date"]).take(pa.array(ends))
    for name, numbers in together.items():
        last_days = last_days.append_column(name, known(numbers))
    if FILLED in bars.column_names:
        filled = np.maximum.reduceat(bars[FILLED].to_numpy(), starts)
        last_days = last_days.append_column(FILLED, pa.array(filled))
    return last_days


def _periods(days: Numbers, frequency: Frequency) -> Numbers:
    if frequency == "weekly":
        return (days + _THURSDAY_TO_MONDAY) // 7
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
