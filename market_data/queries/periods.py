"""Weekly and monthly bars out of daily ones."""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import Any, Literal, NamedTuple

Frequency = Literal["daily", "weekly", "monthly"]
Number = float | None


class Bar(NamedTuple):
    """One bar, in the order of the columns of daily bars."""

    symbol: str
    trade_date: date
    open: Number
    high: Number
    low: Number
    close: Number
    pre_close: Number
    change: Number
    pct_chg: Number
    volume: Number
    amount: Number


def span_of(day: date, frequency: Frequency) -> tuple[date, date]:
    """The first and the last calendar day of the week, from Monday on, or of the month that a day lies in."""
    if frequency == "daily":
        return day, day
    if frequency == "monthly":
        return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
    monday = day.toordinal() - day.weekday()
    return date.fromordinal(monday), date.fromordinal(min(monday + 6, date.max.toordinal()))


def bars_of_periods(rows: Iterable[tuple[Any, ...]], frequency: Frequency) -> Iterator[Bar]:
    """One symbol's daily bars, ascending, put together by week or month.

    A bar is dated by its last day with a bar. `pre_close` is the close of the bar before; of the first one, the
    `pre_close` of its first day. What is not known of a day (None) is not known of its period.
    """
    before: Bar | None = None
    for _, group in groupby(map(Bar._make, rows), lambda bar: span_of(bar.trade_date, frequency)):
        days = list(group)
        before = _together(days, before.close if before else days[0].pre_close)
        yield before


def _together(days: list[Bar], pre_close: Number) -> Bar:
    close = days[-1].close
    change = close - pre_close if close is not None and pre_close is not None else None
    return Bar(
        symbol=days[-1].symbol,
        trade_date=days[-1].trade_date,
        open=days[0].open,
        high=_over(max, [day.high for day in days]),
        low=_over(min, [day.low for day in days]),
        close=close,
        pre_close=pre_close,
        change=change,
        pct_chg=100 * change / pre_close if change is not None and pre_close else None,
        volume=_over(sum, [day.volume for day in days]),
        amount=_over(sum, [day.amount for day in days]),
    )


def _over(function: Any, values: list[Number]) -> Number:
    return None if None in values else float(function(values))
