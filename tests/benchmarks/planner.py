"""Print planned calls against the calls that the needed cells would fill, and the seconds, for needs of full size.

Run: python -m tests.benchmarks.planner
"""

from collections.abc import Iterator
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from market_data.engine.planner import Shapes, plan

DAILY = Shapes(by_date=True, max_symbols=50, cap=6000)
LISTS_ONLY = Shapes(by_date=False, max_symbols=50, cap=6000)
FACTORS = Shapes(by_date=True, max_symbols=1, cap=6000)


def listed(symbols: int, days: int, share_from_start: float = 0.3) -> NDArray[np.bool_]:
    """Return the cells of a market where the rest of the symbols are listed one after another."""
    starts = np.linspace(-share_from_start * days, days * 0.99, symbols).clip(0).astype(int)
    return np.arange(days) >= np.random.default_rng(1).permutation(starts)[:, None]


def scattered(rows: NDArray[np.bool_], cells: int) -> NDArray[np.bool_]:
    need = np.zeros_like(rows)
    places = np.random.default_rng(2).choice(np.flatnonzero(rows), cells, replace=False)
    need.flat[places] = True
    return need


def cases() -> Iterator[tuple[str, NDArray[np.bool_], NDArray[np.bool_], Shapes]]:
    for symbols, days in ((72, 3654), (3571, 118), (5400, 500), (5600, 8700)):
        rows = listed(symbols, days)
        yield f"full history {symbols} x {days}, staggered", rows, rows, DAILY
    for symbols, days in ((3571, 118), (5400, 500), (5400, 1), (5400, 2)):
        rows = np.ones((symbols, days), dtype=np.bool_)
        yield f"full history {symbols} x {days}, all listed", rows, rows, DAILY
    rows = np.ones((7000, 2), dtype=np.bool_)
    yield "two days above the cap", rows, rows, DAILY
    rows = listed(5600, 8700)
    yield "full history 5600 x 8700, one symbol a call", rows, rows, FACTORS
    for cells in (100, 2000, 20_000, 1_000_000):
        yield f"{cells} scattered cells of 5600 x 8700", scattered(rows, cells), rows, DAILY
    yield "20000 scattered cells, no calls by date", scattered(rows, 20_000), rows, LISTS_ONLY
    yield "20000 scattered cells, one symbol a call", scattered(rows, 20_000), rows, FACTORS
    need = scattered(rows, 2000)
    need[:100] = rows[:100]
    need[:, -10:] = rows[:, -10:]
    yield "100 new symbols, 10 new days, 2000 cells", need, rows, DAILY
    yield "the same, one symbol a call", need, rows, FACTORS


def main() -> None:
    for name, need, rows, shapes in cases():
        began = perf_counter()
        blocks = plan(need, rows, rows.sum(axis=0), shapes)
        seconds = perf_counter() - began
        least = -(-int(np.count_nonzero(need)) // shapes.cap)
        by_date = sum(block.symbols is None for block in blocks)
        ratio = len(blocks) / least
        print(f"{name:46} {len(blocks):6} calls ({by_date:4} by date) / {least:5} = {ratio:7.3f} {seconds:6.2f} s")


if __name__ == "__main__":
    main()
