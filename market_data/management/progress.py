"""Progress bars for people who watch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from tqdm import tqdm

from market_data.engine.running.runner import Runner

Watch = Callable[[Runner], None]


@contextmanager
def progress_bar(stream: TextIO) -> Iterator[Watch]:
    """Shows calls, rows, the use of the quota and the time left, on a terminal only."""
    if not stream.isatty():
        yield lambda runner: None
        return
    bars: dict[str, tqdm[Any]] = {}

    def watch(runner: Runner) -> None:
        name = runner.dataset.name
        if name not in bars:
            bars[name] = tqdm(desc=name, unit="call", file=stream, dynamic_ncols=True)
        bar = bars[name]
        bar.total = max(runner.totals.planned, runner.totals.done)
        used, limit = runner.quota
        bar.set_postfix_str(f"{runner.totals.rows:,} rows, quota {used}/{limit}", refresh=False)
        bar.update(runner.totals.done - bar.n)

    try:
        yield watch
    finally:
        for bar in bars.values():
            bar.close()


@contextmanager
def row_counter(stream: TextIO, name: str) -> Iterator[Callable[[int], object]]:
    """Counts rows, whose number nobody knows beforehand, on a terminal only."""
    with tqdm(desc=name, unit=" rows", unit_scale=True, file=stream, disable=not stream.isatty()) as bar:
        yield bar.update
