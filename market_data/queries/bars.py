"""Bars of stocks: by day, week or month, as they were or adjusted, with the history of codes that moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import QuerySet

from market_data.datasets import DATASETS
from market_data.frames import pa, pc
from market_data.models import DailyBar
from market_data.queries.adjusting import Adjust, adjusted
from market_data.queries.columns import Question, read_table
from market_data.queries.factors import factors_for
from market_data.queries.moved import all_codes, current_symbols, one_series
from market_data.queries.periods import Frequency, bars_of_periods, span_of
from market_data.queries.stored import stored_table
from market_data.queries.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "symbol", "trade_date", "open", "high", "low", "close", "pre_close", "change", "pct_chg", "volume", "amount",
)  # fmt: skip
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Asked:
    """Which bars, and how; see `bars_table`."""

    start: date | None = None
    end: date | None = None
    adjust: Adjust = "none"
    frequency: Frequency = "daily"
    adjust_to: date | None = None

    @property
    def first(self) -> date | None:
        """The first day of the first period."""
        return span_of(self.start, self.frequency)[0] if self.start else None

    @property
    def last(self) -> date | None:
        return span_of(self.end, self.frequency)[1] if self.end else None

    def days_of(self, codes: Sequence[str] | None) -> Wanted:
        """The stored bars that are needed, of these codes (None: of all)."""
        return Wanted(DATASETS["daily"], self.first, self.last, codes)


def daily_bars(symbols: Iterable[str], start: date | None = None, end: date | None = None) -> QuerySet[DailyBar]:
    """Unadjusted daily bars as they are stored, ascending by symbol and day, as models.

    A stock whose code moved is there under both codes, whichever was asked for. Units: see `DailyBar`.
    """
    rows = DailyBar.objects.filter(symbol__in=all_codes(symbols)).order_by("symbol", "trade_date")
    rows = rows.filter(trade_date__gte=start) if start else rows
    return rows.filter(trade_date__lte=end) if end else rows


def bars_table(
    symbols: Iterable[str] | None = None,
    start: date | None = None,
    end: date | None = None,
    adjust: Adjust = "none",
    frequency: Frequency = "daily",
    *,
    adjust_to: date | None = None,
) -> pa.Table:
    """`COLUMNS` of these stocks (None: of the whole market), ascending by symbol and day.

    A stock whose code moved is one series under the present code. Prices and amount in currency units, volume in
    shares (never adjusted), `pct_chg` in percent; text, date32 and doubles, null for what is not known.

    `adjust` is "none", "qfq" (prices stay what they were on the day `adjust_to`, if None on the stock's last stored
    bar, whatever the window) or "hfq" (they stay what they were before the first dividend). Adjusted ones have a last
    column `factor_filled`: true where the factor of a day was not stored and the one before it was taken; before the
    first factor there are no adjusted prices.

    A week or month is dated by its last day with a bar, is always whole and belongs to the window when that day does;
    its `pct_chg` compares with the close before it, so ask for adjusted ones where dividends should not show as losses.
    """
    asked = Asked(start, end, adjust, frequency, adjust_to)
    if symbols is None:
        return finished(one_series(stored_table(asked.days_of(None))), asked, None)
    codes = current_symbols(symbols)
    return finished(one_series(stored_table(asked.days_of(all_codes(codes)))), asked, codes)


def bars_frame(
    symbols: Iterable[str] | None = None,
    start: date | None = None,
    end: date | None = None,
    adjust: Adjust = "none",
    frequency: Frequency = "daily",
    *,
    adjust_to: date | None = None,
) -> pd.DataFrame:
    """What `bars_table` gives as a frame: `trade_date` as datetime64, numbers as float64 with NaN for what is not
    known."""
    table = bars_table(symbols, start, end, adjust, frequency, adjust_to=adjust_to)
    days = table["trade_date"].cast(pa.timestamp("s"))
    table = table.set_column(1, "trade_date", days)
    frame: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    return frame.astype({"symbol": "str"})


def bars(
    symbols: Iterable[str],
    start: date | None = None,
    end: date | None = None,
    adjust: Adjust = "none",
    frequency: Frequency = "daily",
) -> Iterator[Row]:
    """What `bars_table` gives as rows of `COLUMNS`."""
    table = bars_table(symbols, start, end, adjust, frequency).select(list(COLUMNS))
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def finished(days: pa.Table, asked: Asked, symbols: Sequence[str] | None, factors: pa.Table | None = None) -> pa.Table:
    """Daily bars under present codes, of whole symbols and of whole periods, as they are asked for; `factors` of these
    days where they have been read already."""
    if asked.frequency == "daily":
        return _adjusted(days, symbols, asked, factors)
    if asked.first and days.num_rows:
        days = one_series(pa.concat_tables([_bars_before(days, asked.first), days]))
    return _within(bars_of_periods(_adjusted(days, symbols, asked), asked.frequency), asked.start, asked.end)


def _adjusted(days: pa.Table, symbols: Sequence[str] | None, asked: Asked, rows: pa.Table | None = None) -> pa.Table:
    if asked.adjust == "none":
        return days
    factors = factors_for(days, symbols, adjust_to=asked.adjust_to, references=asked.adjust == "qfq", rows=rows)
    return adjusted(days, factors, asked.adjust)


def _bars_before(bars: pa.Table, first: date) -> pa.Table:
    """The last bar of each of these symbols before a day: what its first period is compared with."""
    codes = all_codes(pc.unique(bars["symbol"]).to_pylist())
    sql = f"""
        WITH asked (symbol) AS (VALUES {", ".join(["(%s)"] * len(codes))}),
        dated AS (
            SELECT symbol, (
                SELECT max(trade_date) FROM daily d WHERE d.symbol = asked.symbol AND d.trade_date < %s
            ) AS trade_date FROM asked
        )
        SELECT {", ".join(f'd."{name}"' for name in COLUMNS)} FROM dated JOIN daily d USING (symbol, trade_date)
    """
    return read_table(Question(sql, [*codes, connection.ops.adapt_datefield_value(first)], bars.schema))


def _within(bars: pa.Table, start: date | None, end: date | None) -> pa.Table:
    bars = bars.filter(pc.greater_equal(bars["trade_date"], start)) if start else bars
    return bars.filter(pc.less_equal(bars["trade_date"], end)) if end else bars
