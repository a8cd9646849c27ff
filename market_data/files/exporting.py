"""Stored rows out of the database: as a file, a folder by year, or a folder by symbol for qlib."""

import gzip
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import IO, Any, Literal

from market_data.datasets import Parts
from market_data.exceptions import UsageError
from market_data.files import qlib_layout
from market_data.files.output import open_output
from market_data.files.shaping import Selection, Units, pieces, schema_of_selection
from market_data.files.writing import WRITERS, CSVWriter, Writer

FileFormat = Literal["csv", "csv.gz", "parquet"]
ENDINGS: dict[str, FileFormat] = {".csv": "csv", ".csv.gz": "csv.gz", ".parquet": "parquet", ".pq": "parquet"}

__all__ = ["ENDINGS", "Exported", "FileFormat", "Selection", "Shape", "Units", "export", "format_of"]


@dataclass(frozen=True)
class Shape:
    """How the rows are laid out: in one file, in a folder of years, in a folder of symbols as qlib reads it."""

    partition: Literal["", "year"] = ""
    layout: Literal["", "qlib"] = ""
    bom: bool = False


@dataclass(frozen=True)
class Exported:
    """`factor_filled` bars took the factor before their day's, which is not stored."""

    rows: int = 0
    factor_filled: int = 0

    def __add__(self, other: "Exported") -> "Exported":
        return Exported(self.rows + other.rows, self.factor_filled + other.factor_filled)


def format_of(output: str) -> FileFormat:
    """The format that the ending of a file names; CSV if it names none."""
    return next((form for ending, form in ENDINGS.items() if output.lower().endswith(ending)), "csv")


def export(selection: Selection, form: FileFormat, output: str, shape: Shape | None = None) -> Exported:
    """Write the rows, ascending by key, to a file, a folder, or standard output ("-").

    A file or folder appears when it is whole. Adjusted prices have as many decimals as the stored ones. Raises
    UsageError for a combination that makes no sense.
    """
    shape = shape or Shape()
    _check(selection, form, shape)
    if shape.layout == "qlib":
        with _folder(output) as folder:
            return Exported(*qlib_layout.write(selection, folder))
    if shape.partition:
        with _folder(output) as folder:
            return _export_years(selection, form, folder, shape)
    with open_output(output) as file:
        return _write(selection, form, file, shape)


def _check(selection: Selection, form: FileFormat, shape: Shape) -> None:
    dataset = selection.dataset
    if selection.adjust != "none" and dataset.name != "daily":
        raise UsageError("Only daily has prices to adjust; leave --adjust away.")
    if selection.units == "tushare" and dataset.parts == Parts.NAMED:
        raise UsageError(f"{dataset.name} never was in Tushare's units; leave --units away.")
    if shape.layout == "qlib" and (dataset.name != "daily" or selection.units != "native" or shape.partition):
        raise UsageError("--layout qlib is for daily alone, without --units and --partition.")
    if shape.partition and dataset.date_column not in dataset.columns:
        raise UsageError(f"{dataset.name} has no days to part it by; leave --partition away.")
    if shape.bom and form == "parquet":
        raise UsageError("--bom is for CSV; leave it away.")


def _write(selection: Selection, form: FileFormat, file: IO[bytes], shape: Shape) -> Exported:
    schema, done = schema_of_selection(selection), Exported()
    packed: Any = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, mtime=0) if form == "csv.gz" else file
    how = {"bom": shape.bom, "for_spreadsheets": selection.for_spreadsheets}
    writer: Writer = WRITERS["parquet"](packed, schema) if form == "parquet" else CSVWriter(packed, schema, **how)
    with closing(writer):
        for piece, filled in pieces(selection):
            writer.write_table(piece)
            done += Exported(piece.num_rows, filled)
    if packed is not file:
        packed.close()
    return done


def _export_years(selection: Selection, form: FileFormat, folder: Path, shape: Shape) -> Exported:
    """One folder a year, named as DuckDB, polars, Spark and Arrow expect it."""
    done = Exported()
    for year in _years(selection):
        start, end = date(year, 1, 1), date(year, 12, 31)
        part = replace(selection, start=max(start, selection.start or start), end=min(end, selection.end or end))
        path = folder / f"year={year}" / f"{selection.dataset.name}.{form}"
        path.parent.mkdir()
        with path.open("wb") as file:
            done += _write(part, form, file, shape)
    return done


def _years(selection: Selection) -> list[int]:
    return [day.year for day in selection.wanted.rows().dates(selection.dataset.date_column, "year")]


@contextmanager
def _folder(output: str) -> Iterator[Path]:
    path = Path(output)
    if output == "-":
        raise UsageError("A folder cannot go to standard output; choose another --output.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}; make it first or choose another --output.")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"{path} is there already; choose another --output or remove it first.")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        unfinished.mkdir()
        yield unfinished
        unfinished.replace(path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
