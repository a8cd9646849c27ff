"""A copy of stored rows in Parquet files, by dataset and year, that a reader takes only where it is provably current.

A file carries the version of the rows that it was made of. Whoever changes rows moves the version in the same
transaction; see `market_data.schema.changes`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Max, Min
from django.utils import timezone

from market_data.datasets import DATASETS, Dataset
from market_data.frames import pa, pc, pq
from market_data.queries.columns import question, read
from market_data.queries.versions import Part, Versions, compact, note_years, versions_of
from market_data.queries.wanted import BY_SYMBOL_AND_DAY, Wanted

Span = tuple[str, str]
"""Symbols from the first one up to below the second; "" is no limit."""
_VERSION = b"stocksync.version"
_GROUP = 64_000
_TRIES = 3


def mirrored_datasets() -> list[Dataset]:
    """Those with a row for a symbol and a day."""
    return [dataset for dataset in DATASETS.values() if dataset.key == BY_SYMBOL_AND_DAY]


def is_on() -> bool:
    return settings.MIRROR_DIR is not None


def part_of(day: date) -> Part:
    """The year of a day; its month where the year is not over."""
    return Part(day.year, day.month if day.year >= timezone.localdate().year else 0)


def parts_between(versions: Versions, start: date | None, end: date | None) -> list[Part]:
    """The parts of the window in which anything was ever stored, ascending."""
    parts = {
        part_of(date(year, month, 1)) for year in versions.years for month in range(1, 13) if versions.of(Part(year))
    }
    known = [part for part in parts if versions.of(part)]
    known = [part for part in known if start is None or part.end > start]
    return sorted((p for p in known if end is None or p.start <= end), key=lambda part: part.start)


def folder_of(dataset: Dataset) -> Path:
    return Path(settings.MIRROR_DIR or "") / dataset.name


def path_of(dataset: Dataset, part: Part) -> Path:
    return folder_of(dataset) / f"{part}.parquet"


def current_file(dataset: Dataset, part: Part, versions: Versions) -> pq.ParquetFile | None:
    """The part's file, opened, if it was made of just the rows that these versions were seen with."""
    try:
        file = pq.ParquetFile(path_of(dataset, part))
    except (OSError, pa.ArrowException):
        return None
    if (file.schema_arrow.metadata or {}).get(_VERSION) == _stamp(versions, part):
        return file
    file.close()
    return None


def refresh(datasets: Iterable[Dataset] | None = None) -> dict[str, int]:
    """Make the files anew that are not current. Returns how many of each dataset were made."""
    made: dict[str, int] = {}
    if not is_on():
        return made
    compact()
    for dataset in mirrored_datasets() if datasets is None else datasets:
        _note_what_was_there(dataset)
        seen = versions_of([dataset.table])[dataset.table]
        parts = parts_between(seen, None, None)
        made[dataset.name] = sum(_refresh_part(dataset, part) for part in parts)
        _remove_others(dataset, {path_of(dataset, part) for part in parts})
    return made


def _note_what_was_there(dataset: Dataset) -> None:
    """Rows that are older than the triggers have no version yet."""
    if not versions_of([dataset.table])[dataset.table].sums:
        edges = dataset.model._default_manager.aggregate(first=Min("trade_date"), last=Max("trade_date"))
        if edges["first"]:
            note_years(dataset.table, edges["first"].year, edges["last"].year)


def _refresh_part(dataset: Dataset, part: Part) -> bool:
    """Whether it was made: not where it is current, nor where rows changed all the time while they were read."""
    for _ in range(_TRIES):
        before = versions_of([dataset.table])[dataset.table]
        file = current_file(dataset, part, before)
        if file:
            file.close()
            return False
        unfinished = path_of(dataset, part).with_suffix(f".{os.getpid()}.part")
        try:
            _write(dataset, part, _stamp(before, part), unfinished)
            if versions_of([dataset.table])[dataset.table].of(part) == before.of(part):
                unfinished.replace(path_of(dataset, part))
                return True
        finally:
            unfinished.unlink(missing_ok=True)
    return False


def _write(dataset: Dataset, part: Part, stamp: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = dataset.model._default_manager.filter(trade_date__gte=part.start, trade_date__lt=part.end)
    asked = question(rows.order_by(*dataset.key), *(field.name for field in dataset.fields))
    schema = asked.schema.with_metadata({_VERSION: stamp})
    with (
        read(asked) as batches,
        pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=["symbol"]) as writer,
    ):
        waiting: list[pa.RecordBatch] = []
        for batch in batches:
            waiting.append(batch)
            if sum(one.num_rows for one in waiting) >= _GROUP:
                writer.write_table(pa.Table.from_batches(waiting, asked.schema), row_group_size=_GROUP)
                waiting = []
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting, asked.schema), row_group_size=_GROUP)


def _stamp(versions: Versions, part: Part) -> bytes:
    return f"{versions.of(part):x}".encode()


def _remove_others(dataset: Dataset, current: set[Path]) -> None:
    """Months whose year is over, and years of which nothing is stored."""
    for path in folder_of(dataset).glob("*.parquet"):
        if path not in current:
            path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Mirrored:
    """The files that are current, opened, and the spans of days (None: no limit) that only the database knows."""

    files: list[pq.ParquetFile]
    holes: list[tuple[date | None, date | None]]


def mirrored(dataset: Dataset, start: date | None, end: date | None) -> Mirrored:
    """What the mirror has of a window."""
    versions = versions_of([dataset.table])[dataset.table]
    files: list[pq.ParquetFile] = []
    holes: list[tuple[date | None, date | None]] = []
    free_from = start
    for part in parts_between(versions, start, end):
        file = current_file(dataset, part, versions)
        if file is None:
            continue
        if free_from is None or free_from < part.start:
            holes.append((free_from, part.start - timedelta(days=1)))
        files.append(file)
        free_from = part.end
    if end is None or free_from is None or free_from <= end:
        holes.append((free_from, end))
    return Mirrored(files, holes)


def read_file(file: pq.ParquetFile, names: Sequence[str], wanted: Wanted) -> pa.Table:
    """The rows of a file that are wanted."""
    with file:
        return _of_symbols(_of_days(file.read(list(names)), wanted), wanted)


def _of_days(table: pa.Table, wanted: Wanted) -> pa.Table:
    if wanted.start and pc.any(pc.less(table["trade_date"], wanted.start)).as_py():
        table = table.filter(pc.greater_equal(table["trade_date"], wanted.start))
    if wanted.end and pc.any(pc.greater(table["trade_date"], wanted.end)).as_py():
        table = table.filter(pc.less_equal(table["trade_date"], wanted.end))
    return table


def _of_symbols(table: pa.Table, wanted: Wanted) -> pa.Table:
    if wanted.symbols is None:
        return table
    return table.filter(pc.is_in(table["symbol"], pa.array(list(wanted.symbols), pa.string())))


def read_symbols(files: Iterable[pq.ParquetFile], names: Sequence[str], wanted: Wanted, span: Span) -> pa.Table:
    """The rows of some files that are wanted of the symbols from the first of `span` up to below the second."""
    tables = []
    for file in files:
        groups = [at for at in range(file.num_row_groups) if _overlaps(file, at, span)]
        table = _of_days(file.read_row_groups(groups, list(names)), wanted)
        symbols = table["symbol"]
        inside = pc.greater_equal(symbols, span[0])
        tables.append(table.filter(pc.and_(inside, pc.less(symbols, span[1])) if span[1] else inside))
    return _of_symbols(pa.concat_tables(tables), wanted)


def _overlaps(file: pq.ParquetFile, group: int, span: Span) -> bool:
    edges = file.metadata.row_group(group).column(0).statistics
    if edges is None:  # of no rows
        return False
    return bool(edges.max >= span[0] and (not span[1] or edges.min < span[1]))


def spans_of_symbols(files: Sequence[pq.ParquetFile], rows: int) -> list[Span]:
    """Spans that hold all symbols, each of about so many rows."""
    largest = max(files, key=lambda file: int(file.metadata.num_rows))
    symbols = pc.unique(largest.read(["symbol"])["symbol"]).to_pylist()
    total = sum(file.metadata.num_rows for file in files)
    step = max(1, rows * len(symbols) // max(total, 1))
    starts = ["", *symbols[step::step]]
    return list(zip(starts, [*starts[1:], ""], strict=True))
