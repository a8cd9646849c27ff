"""Rows of symbols and days as numbers: what columns are sorted, joined and cut by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from market_data.frames import np, pa, pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]
else:
    Numbers = Any
_DAYS_BEFORE_1970 = 1 << 31


@dataclass(frozen=True)
class Keys:
    """`symbols` are distinct and ascend; a row has the place of its symbol among them, -1 for none, and its day,
    counted from 1970-01-01."""

    symbols: pa.Array
    places: Numbers
    days: Numbers

    @property
    def joined(self) -> Numbers:
        """One number a row; ascending as (symbol, day)."""
        return joined(self.places, self.days)


def joined(places: Numbers, days: Numbers) -> Numbers:
    numbers: Numbers = (places << 32) | (days + _DAYS_BEFORE_1970)
    return numbers


def days_of(column: pa.ChunkedArray) -> Numbers:
    """Days as numbers, counted from 1970-01-01. No day may be missing."""
    days: Numbers = column.cast(pa.int32()).to_numpy().astype(np.int64)
    return days


def keys_of(table: pa.Table, symbols: pa.Array | None = None) -> Keys:
    """The keys of a table with `symbol` and `trade_date`, among these symbols or its own."""
    encoded = table["symbol"].combine_chunks().dictionary_encode()
    ascending = encoded.dictionary.take(pc.sort_indices(encoded.dictionary)) if symbols is None else symbols
    places = pc.fill_null(pc.index_in(encoded.dictionary, ascending), -1).to_numpy().astype(np.int64)
    return Keys(ascending, places[encoded.indices.to_numpy()], days_of(table["trade_date"]))


def in_order(table: pa.Table) -> pa.Table:
    """The rows ascending by symbol and day."""
    if not table.num_rows:
        return table
    numbers = keys_of(table).joined
    if (numbers[1:] >= numbers[:-1]).all():
        return table
    return table.take(pa.array(np.argsort(numbers, kind="stable")))


def starts_of(numbers: Numbers) -> Numbers:
    """Where runs of equal numbers begin."""
    return np.flatnonzero(np.concatenate([[True], numbers[1:] != numbers[:-1]])) if len(numbers) else numbers


def floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Numbers with NaN for what is not known."""
    return np.asarray(column.to_numpy(), dtype=np.float64)


def known(values: NDArray[np.float64]) -> pa.Array:
    """The way back."""
    return pa.array(values, pa.float64(), from_pandas=True)
