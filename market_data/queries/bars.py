"""Bars of stocks: by day, week or month, as they were or adjusted, with the history of codes that moved."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from market_data.models import DailyBar
from market_data.queries.adjusting import Adjust, adjusted
from market_data.queries.moved import codes_of, current_symbols
from market_data.queries.periods import Bar, Frequency, bars_of_periods, span_of
from market_data.queries.stored import CHUNK

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = Bar._fields
Row = tuple[Any, ...]


def daily_bars(symbols: Iterable[str], start: date | None = None, end: date | None = None) -> "QuerySet[DailyBar]":
    """Unadjusted daily bars as they are stored, ascending by symbol and day.

    A stock whose code moved is there under both codes, whichever was asked for. Units: see `DailyBar`.
    """
    codes = {code for symbol in symbols for code in codes_of(symbol)}
    rows = DailyBar.objects.filter(symbol__in=codes).order_by("symbol", "trade_date")
    rows = rows.filter(trade_date__gte=start) if start else rows
    return rows.filter(trade_date__lte=end) if end else rows


def bars(
    symbols: Iterable[str],
    start: date | None = None,
    end: date | None = None,
    adjust: Adjust = "none",
    frequency: Frequency = "daily",
) -> Iterator[Row]:
    """Rows of `COLUMNS`, ascending by symbol and day; a stock whose code moved is one series under the present code.

    Prices and amount in currency units, volume in shares (never adjusted), `pct_chg` in percent. `adjust` is "none",
    "qfq" (the last price stays what it was) or "hfq" (the first one does); without a factor of its day a bar has no
    adjusted prices (None). A week or month is dated by its last day with a bar, is always whole and belongs to the
    window when that day does; its `pct_chg` compares with the close before it, so ask for adjusted ones where
    dividends should not show as losses.
    """
    for symbol in current_symbols(symbols):
        if frequency == "daily":
            yield from _series(symbol, start, end, adjust)
        else:
            yield from _periods(symbol, start, end, adjust, frequency)


def bars_frame(
    symbols: Iterable[str],
    start: date | None = None,
    end: date | None = None,
    adjust: Adjust = "none",
    frequency: Frequency = "daily",
) -> "pd.DataFrame":
    """What `bars` gives as a frame: `trade_date` as datetime64, numbers as float64 with NaN for what is not known."""
    import pandas as pd  # half a second of import, for frames only

    rows = list(bars(symbols, start, end, adjust, frequency))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = dict.fromkeys(COLUMNS[2:], "float64")
    return frame.astype({"symbol": "str", "trade_date": "datetime64[s]", **numbers})


def _periods(symbol: str, start: date | None, end: date | None, adjust: Adjust, frequency: Frequency) -> Iterator[Row]:
    """Reads from the bar before the first period on, whose close the first one is compared with."""
    first = span_of(start, frequency)[0] if start else None
    last = span_of(end, frequency)[1] if end else None
    if first:
        earlier = daily_bars([symbol]).filter(trade_date__lt=first).order_by("-trade_date")
        first = earlier.values_list("trade_date", flat=True).first() or first
    for bar in bars_of_periods(_series(symbol, first, last, adjust), frequency):
        if (start is None or bar.trade_date >= start) and (end is None or bar.trade_date <= end):
            yield bar


def _series(symbol: str, start: date | None, end: date | None, adjust: Adjust) -> Iterator[Row]:
    rows = _joined(symbol, start, end)
    return rows if adjust == "none" else adjusted(COLUMNS, rows, adjust)


def _joined(symbol: str, start: date | None, end: date | None) -> Iterator[Row]:
    """The rows of all codes of a stock by day; the present code's row where several have one."""
    codes = codes_of(symbol)
    found = daily_bars([symbol], start, end).values_list(*COLUMNS)
    if codes == [symbol]:
        return found.iterator(chunk_size=CHUNK)
    by_day: dict[date, Row] = {}
    for row in sorted(found, key=lambda row: codes.index(row[0])):
        by_day[row[1]] = (symbol, *row[1:])
    return (by_day[day] for day in sorted(by_day))
