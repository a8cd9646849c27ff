"""Who should have a row on which day, in arrays: a snapshot that a run plans with and checks answers against."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from market_data.datasets import Dataset, Rhythm
from market_data.engine.ledger import expectations
from market_data.frames import np, pa, pc
from market_data.models import Security, Suspension

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FAR = date(9999, 12, 31)
_DAY_BITS = 20
BATCH = 20_000


@dataclass(frozen=True)
class Missing:
    """Of so many `expected` cells so many `cells` are missing: some of these symbols on some of these days."""

    symbols: list[str]
    days: list[date]
    cells: int
    expected: int


class Roster:
    """The securities and the days of a dataset in a window, with who is listed and who is suspended.

    `rows` numbers the symbols, `days` are the partitions' days, ascending.
    """

    def __init__(self, dataset: Dataset, start: date, end: date) -> None:
        self.dataset = dataset
        listed = Security.objects.exclude(list_date=None).order_by("symbol")
        securities = list(listed.values_list("symbol", "list_date", "delist_date", "inferred"))
        self.symbols = [s[0] for s in securities]
        self.rows = {symbol: row for row, symbol in enumerate(self.symbols)}
        self.named = frozenset(s[0] for s in securities if not s[3])
        self.days = expectations.days_of(dataset, start, end)
        self._symbols = pa.array(self.symbols, pa.string())
        self._first = np.array([s[1] for s in securities], dtype="datetime64[D]")
        self._gone = np.array([s[2] or _FAR for s in securities], dtype="datetime64[D]")
        self._days = np.array(self.days, dtype="datetime64[D]")
        self._due = np.array(expectations.due_dates(dataset, self.days), dtype="datetime64[D]")
        self.closed = expectations.closed_days(dataset, start, end)
        self._suspended = self._load_suspended(start, end)

    def _load_suspended(self, start: date, end: date) -> NDArray[np.int64]:
        if self.dataset.rhythm == Rhythm.QUARTERS:
            return np.empty(0, np.int64)
        found = Suspension.objects.filter(trade_date__range=(start, end), suspend_type="S", suspend_timing="")
        days_of = found.values_list("symbol", "trade_date").iterator(chunk_size=BATCH)
        epoch = date(1970, 1, 1).toordinal()
        codes = (
            self.rows[symbol] << _DAY_BITS | day.toordinal() - epoch for symbol, day in days_of if symbol in self.rows
        )
        return np.sort(np.fromiter(codes, dtype=np.int64))

    def span(self, start: date, end: date) -> slice:
        """The days from start to end as columns."""
        return slice(bisect_left(self.days, start), bisect_right(self.days, end))

    def matrix(self) -> NDArray[np.bool_]:
        """symbols x days: listed and not suspended."""
        expected = np.zeros((len(self.symbols), len(self.days)), dtype=bool)
        first = np.searchsorted(self._days, self._first)
        last = np.searchsorted(self._due, self._gone)
        for row, (a, b) in enumerate(zip(first, last, strict=True)):
            expected[row, a:b] = True
        days = self._days.astype(np.int64)
        suspended_days = self._suspended & ((1 << _DAY_BITS) - 1)
        # A suspension may be dated on a day without trading.
        known = np.isin(suspended_days, days)
        expected[(self._suspended >> _DAY_BITS)[known], np.searchsorted(days, suspended_days[known])] = False
        return expected

    def missing_from(self, table: pa.Table, start: date, end: date, symbols: Sequence[str] | None) -> Missing:
        """The expected cells that a table does not have."""
        rows, span = self._rows_of(symbols), self.span(start, end)
        missing = self._expected(rows, span)
        expected = int(np.count_nonzero(missing))
        at, column = self._positions(table, rows, span)
        missing[at, column] = False
        lacking, when = missing.any(axis=1), missing.any(axis=0)
        return Missing(
            [self.symbols[row] for row in rows[lacking]],
            self._days[span][when].tolist(),
            int(np.count_nonzero(missing)),
            expected,
        )

    def _expected(self, rows: NDArray[np.int64], span: slice) -> NDArray[np.bool_]:
        """rows x days: listed and not suspended."""
        days = self._days[span]
        expected = (self._first[rows, None] <= days) & (self._gone[rows, None] > self._due[span])
        if len(self._suspended):
            codes = rows[:, None] << _DAY_BITS | days.astype(np.int64)
            nearest = np.minimum(np.searchsorted(self._suspended, codes), len(self._suspended) - 1)
            expected &= self._suspended[nearest] != codes
        return expected

    def _positions(
        self, table: pa.Table, rows: NDArray[np.int64], span: slice
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the rows of a table lie in a matrix of these rows and days; others are left out."""
        if not len(rows) or span.start == span.stop:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        known = pc.fill_null(pc.index_in(table["symbol"], self._symbols), -1).to_numpy().astype(np.int64)
        days, dates = self._days[span], table[self.dataset.date_column].to_numpy().astype("datetime64[D]")
        order = np.argsort(rows)
        at = np.minimum(np.searchsorted(rows, known, sorter=order), len(rows) - 1)
        column = np.minimum(np.searchsorted(days, dates), len(days) - 1)
        inside = (rows[order][at] == known) & (days[column] == dates)
        return order[at[inside]], column[inside]

    def _rows_of(self, symbols: Sequence[str] | None) -> NDArray[np.int64]:
        if symbols is None:
            return np.arange(len(self.symbols))
        return np.array([self.rows[symbol] for symbol in symbols if symbol in self.rows], dtype=np.int64)
