"""Stored rows of any number, few at a time in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from market_data.datasets import DATASETS, Dataset
from market_data.frames import np, pa, pc
from market_data.queries.adjusting import Adjust, adjusted, rounded
from market_data.queries.factors import factors_for
from market_data.queries.moved import EXCHANGE_THAT_MOVED, under_present_codes
from market_data.queries.stored import ROWS_AT_A_TIME, stored_pieces
from market_data.queries.wanted import Wanted


def stored_batches(wanted: Wanted, adjust: Adjust = "none", *, to_decimals: bool = False) -> Iterator[pa.Table]:
    """The rows ascending by key, as they are stored, in pieces; of daily bars also adjusted, with `factor_filled`.

    Adjusted pieces hold whole symbols; `to_decimals` rounds prices to as many decimals as the stored ones have.
    """
    if adjust == "none":
        yield from stored_pieces(wanted)
        return
    factors = FactorStream(wanted)
    for piece in by_symbols(stored_pieces(wanted)):
        yield adjusted_piece(piece, adjust, to_decimals, factors.of(piece))


class FactorStream:
    """The stored factors of the same symbols and days, read along with bars that ascend by symbol."""

    def __init__(self, wanted: Wanted) -> None:
        self._pieces = stored_pieces(replace(wanted, dataset=DATASETS["adj_factor"]))
        self._kept: pa.Table | None = None

    def of(self, bars: pa.Table) -> pa.Table | None:
        """Those of the next bars, of whole symbols; None where codes may have moved: theirs lie elsewhere."""
        last, read = bars["symbol"][-1], [] if self._kept is None else [self._kept]
        while not read or read[-1]["symbol"][-1].as_py() <= last.as_py():
            piece = next(self._pieces, None)
            if piece is None:
                break
            read += [piece] if piece.num_rows else []
        if not read:
            return None
        together = pa.concat_tables(read)
        is_of_them = pc.less_equal(together["symbol"], last)
        self._kept = together.filter(pc.invert(is_of_them))
        self._kept = self._kept if self._kept.num_rows else None
        may_have_moved = pc.any(pc.ends_with(bars["symbol"], EXCHANGE_THAT_MOVED)).as_py()
        return None if may_have_moved else together.filter(is_of_them)


def adjusted_piece(
    piece: pa.Table, adjust: Adjust, to_decimals: bool = False, rows: pa.Table | None = None
) -> pa.Table:
    """Stored bars with adjusted prices; the factors are those of the stock, whichever of its codes they are under."""
    bars = under_present_codes(piece)
    symbols = pc.unique(bars["symbol"]).to_pylist()
    factors = factors_for(bars, symbols, adjust_to=None, references=adjust == "qfq", rows=rows)
    prices = adjusted(bars, factors, adjust)
    return (rounded(prices, bars) if to_decimals else prices).set_column(0, "symbol", piece["symbol"])


def stored_rows(
    dataset: Dataset,
    start: date | None = None,
    end: date | None = None,
    symbols: Sequence[str] | None = None,
    adjust: Adjust = "none",
) -> Iterator[tuple[Any, ...]]:
    """The rows of `stored_batches` as tuples, in the order of the dataset's fields; `rest` as a dict."""
    wanted = Wanted(dataset, start, end, symbols)
    for piece in stored_batches(wanted, adjust):
        columns = {name: piece[name].to_pylist() for name in wanted.names}
        if dataset.keeps_versions:
            columns["rest"] = map(json.loads, columns["rest"])
        yield from zip(*columns.values(), strict=True)


def by_symbols(pieces: Iterable[pa.Table], rows: int = ROWS_AT_A_TIME) -> Iterator[pa.Table]:
    """The same rows, ascending by symbol, in pieces that hold every row of their symbols."""
    kept: list[pa.Table] = []
    for piece in pieces:
        kept.append(piece)
        if sum(part.num_rows for part in kept) < rows:
            continue
        together = pa.concat_tables(kept)
        cut = _start_of_last_symbol(together["symbol"])
        if cut:
            yield together.slice(0, cut)
        kept = [together.slice(cut)]
    rest = pa.concat_tables(kept) if kept else None
    if rest is not None and rest.num_rows:
        yield rest


def _start_of_last_symbol(symbols: pa.ChunkedArray) -> int:
    return int(np.argmax(pc.equal(symbols, symbols[-1]).to_numpy()))
