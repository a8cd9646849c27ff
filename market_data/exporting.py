"""Stored rows out of the database, as CSV or Parquet, in our units or in Tushare's."""

import csv
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from market_data.datasets import Dataset, Field, Parts
from market_data.exceptions import UsageError
from market_data.queries import Adjust, stored_rows

Units = Literal["native", "tushare"]
BATCH = 20_000
_ARROW = {"text": pa.string(), "date": pa.date32(), "number": pa.float64(), "flag": pa.bool_()}
_ARROW_TUSHARE = _ARROW | {"date": pa.string(), "flag": pa.int64()}
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Selection:
    """What is exported: of these symbols (None: all), on these days (None: no limit)."""

    dataset: Dataset
    start: date | None = None
    end: date | None = None
    symbols: tuple[str, ...] | None = None
    adjust: Adjust = "none"
    units: Units = "native"


def export(selection: Selection, file_format: Literal["csv", "parquet"], output: str) -> int:
    """Write the rows, ascending by key, to a file or to standard output ("-"). Returns how many.

    A file appears when it is whole. Raises UsageError for a combination that makes no sense.
    """
    if selection.adjust != "none" and selection.dataset.name != "daily":
        raise UsageError("Only daily has prices to adjust; leave --adjust away.")
    if selection.units == "tushare" and selection.dataset.parts == Parts.NAMED:
        raise UsageError(f"{selection.dataset.name} never was in Tushare's units; leave --units away.")
    rows = stored_rows(selection.dataset, selection.start, selection.end, selection.symbols, selection.adjust)
    converted = map(_row_converter(selection), _with_rest(selection.dataset, rows))
    write = _write_csv if file_format == "csv" else _write_parquet
    with _output(output) as file:
        return write(selection, converted, file)


@contextmanager
def _output(output: str) -> Iterator[IO[bytes]]:
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}; make it first or choose another --output.")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _write_csv(selection: Selection, rows: Iterator[Row], file: IO[bytes]) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_names(selection))
    count = 0
    while batch := list(islice(rows, BATCH)):
        writer.writerows(batch)
        count += len(batch)
    text.detach()
    return count


def _write_parquet(selection: Selection, rows: Iterator[Row], file: IO[bytes]) -> int:
    tushare = selection.units == "tushare"
    kinds = [(_ARROW_TUSHARE if tushare else _ARROW)[f.kind] for f in selection.dataset.shown]
    rest = selection.dataset.rest
    kinds += [pa.string() if name in rest.texts else pa.float64() for name in rest.names] if rest else []
    schema = pa.schema(list(zip(_names(selection), kinds, strict=True)))
    count = 0
    with pq.ParquetWriter(file, schema) as writer:
        while batch := list(islice(rows, BATCH)):
            columns = [pa.array(column, kind) for column, kind in zip(zip(*batch, strict=True), kinds, strict=True)]
            writer.write_table(pa.table(columns, schema=schema))
            count += len(batch)
    return count


def _names(selection: Selection) -> list[str]:
    dataset = selection.dataset
    names = [f.source if selection.units == "tushare" else f.name for f in dataset.shown]
    return names + list(dataset.rest.names if dataset.rest else ())


def _with_rest(dataset: Dataset, rows: Iterator[Row]) -> Iterator[Row]:
    """The fields of the JSON column, which comes last, as columns of their own."""
    if dataset.rest is None:
        return rows
    names = dataset.rest.names
    return ((*row[:-1], *(row[-1].get(name) for name in names)) for row in rows)


def _row_converter(selection: Selection) -> Callable[[Row], Row]:
    if selection.units == "native":
        return lambda row: row
    converters = [(at, convert) for at, f in enumerate(selection.dataset.shown) if (convert := _to_source(f))]

    def convert_row(row: Row) -> Row:
        values = list(row)
        for at, convert in converters:
            if values[at] is not None:
                values[at] = convert(values[at])
        return tuple(values)

    return convert_row


def _to_source(field: Field) -> Callable[[Any], Any] | None:
    if field.kind == "date":
        return lambda day: f"{day:%Y%m%d}"
    if field.kind == "flag":
        return int
    if field.scale != 1.0:
        # Dividing may be off in the 17th digit; sources have at most 15.
        return lambda value: float(f"{value / field.scale:.15g}")
    return None
