"""Files of rows that people have, CSV or Parquet, read a piece at a time in the words of a provider's answer."""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from market_data.datasets import Dataset
from market_data.exceptions import BadFile, UsageError
from market_data.providers.base import Answer

Units = Literal["native", "tushare"]
_CSV, _PARQUET = (".csv", ".csv.gz"), (".parquet", ".pq")
PIECE_BYTES = 2 << 20
PIECE_ROWS = 20_000
NOTHING = ["", "nan", "NaN", "None", "null", "NULL", "<NA>", "NaT"]
_DAY = r"^(\d{4})-?(\d\d)-?(\d\d)(\.0|[ T]00:00:00(\.0+)?)?$"
_FLAGS = {"true": 1, "false": 0, "1": 1, "0": 0, "1.0": 1, "0.0": 0}


@dataclass(frozen=True)
class Piece:
    """Some rows of a file; the first is the `first_row`-th below the header, counted from 1."""

    answer: Answer
    first_row: int


@dataclass(frozen=True)
class DataFile:
    """A file and how its columns are to be read: `dataset` has the names and the units that the file has."""

    path: Path
    dataset: Dataset

    def pieces(self) -> Iterator[Piece]:
        """Raises BadFile where the file is damaged, after the rows before that."""
        row = 1
        try:
            there = set(_header(self.path))
            columns = {name: kind for name, kind in _kinds(self.dataset).items() if name in there}
            for batch in _read(self.path, list(columns)):
                values = {name: _values(kind, batch.column(name)) for name, kind in columns.items()}
                values |= {name: [None] * batch.num_rows for name in self._left_out(there)}
                yield Piece(Answer(values, batch.num_rows), row)
                row += batch.num_rows
        except (pa.ArrowException, OSError, EOFError) as error:
            reason = str(error).splitlines()[0]
            where = f"beyond row {row - 1}" if row > 1 else "as rows of these columns"
            raise BadFile(f"{self.path.name} cannot be read {where}: {reason}") from error

    def _left_out(self, there: set[str]) -> list[str]:
        """Fields of a report that the check asks for and the file does not have."""
        rest = self.dataset.rest
        names = [f.source for f in self.dataset.fields if not f.is_optional] + list(rest.required) if rest else []
        return [name for name in names if name not in there]


def check_paths(paths: Iterable[Path]) -> None:
    """Raises UsageError for a path at which there is no file, or one whose name does not tell its format."""
    for path in paths:
        if not path.is_file():
            raise UsageError(f"There is no file {path}.")
        if not path.name.lower().endswith((*_CSV, *_PARQUET)):
            raise UsageError(f"{path.name} should end in .csv, .csv.gz or .parquet.")


def open_file(path: Path, dataset: Dataset, units: Units | None) -> DataFile:
    """The file, read in these units, or in those that its header tells. Raises BadFile."""
    known: dict[Units, Dataset] = {"tushare": dataset, "native": _native(dataset)}
    columns = _header(path)
    lacking = {name: [source for source in _needed(known[name]) if source not in columns] for name in known}
    fitting = [units] if units else [name for name in known if not lacking[name]]
    if not fitting or lacking[fitting[0]]:
        raise BadFile(f"{path.name} {_complaint(lacking, units)}")
    if len(fitting) > 1 and known["tushare"].fields != known["native"].fields:
        raise BadFile(f"{path.name} has both Tushare's columns and ours: say --units tushare or --units native.")
    return DataFile(path, known[fitting[0]])


def _native(dataset: Dataset) -> Dataset:
    """The dataset as if its provider used our names and units."""
    return replace(dataset, fields=tuple(replace(f, source=f.name, scale=1.0) for f in dataset.fields))


def _needed(dataset: Dataset) -> list[str]:
    """The columns that a file must have; of reports people keep the figures that they use."""
    if dataset.rest:
        return [f.source for f in dataset.fields if f.name in ("symbol", dataset.date_column)]
    return [f.source for f in dataset.fields if not f.is_optional]


def _kinds(dataset: Dataset) -> dict[str, str]:
    """The columns that a file may have, and what is in them."""
    kinds: dict[str, str] = {field.source: field.kind for field in dataset.fields}
    if dataset.rest:
        kinds |= {name: "text" if name in dataset.rest.texts else "number" for name in dataset.rest.names}
    return kinds


def _complaint(lacking: dict[Units, list[str]], units: Units | None) -> str:
    if units:
        return f"lacks the columns {', '.join(lacking[units])}."
    ours, theirs = ", ".join(lacking["native"]), ", ".join(lacking["tushare"])
    return f"has neither Tushare's columns (it lacks {theirs}) nor ours (it lacks {ours})."


def _is_parquet(path: Path) -> bool:
    return path.name.lower().endswith(_PARQUET)


def _header(path: Path) -> list[str]:
    try:
        if _is_parquet(path):
            return list(pq.read_schema(path).names)
        opened = gzip.open if path.name.lower().endswith(".gz") else open
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            names = next(csv.reader(file), [])
    except UnicodeDecodeError as error:
        raise BadFile(f"{path.name} is not written in UTF-8: convert it first.") from error
    except (pa.ArrowException, OSError, EOFError, zlib.error, csv.Error) as error:
        raise BadFile(f"{path.name} cannot be read: {error}") from error
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadFile(f"{path.name} has the column {twice[0]!r} twice.")
    return names


def _read(path: Path, names: list[str]) -> Iterator[pa.RecordBatch]:
    if _is_parquet(path):
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=PIECE_ROWS, columns=names)
        return
    texts = arrow_csv.ConvertOptions(
        include_columns=names,
        column_types=dict.fromkeys(names, pa.string()),
        null_values=NOTHING,
        strings_can_be_null=True,
    )
    # Threads would read ahead of whoever stores the rows.
    one_by_one = arrow_csv.ReadOptions(use_threads=False, block_size=PIECE_BYTES)
    with pa.input_stream(path) as file:
        yield from arrow_csv.open_csv(file, one_by_one, convert_options=texts)


def _values(kind: str, array: pa.Array) -> list[Any]:
    """The values in the form of a provider's answer. What cannot be understood stays, for the check to refuse."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    found: list[Any] = _CONVERSIONS[kind](array)
    return found


def _numbers(array: pa.Array) -> list[Any]:
    try:
        return list(pc.cast(array, pa.float64()).to_pylist())
    except pa.ArrowInvalid:
        return [_number(value) for value in array.to_pylist()]


def _number(value: Any) -> Any:
    try:
        return None if value is None else float(value)
    except ValueError:
        return value


def _days(array: pa.Array) -> list[Any]:
    """Days as YYYYMMDD."""
    if pa.types.is_temporal(array.type):
        return list(pc.strftime(array, "%Y%m%d").to_pylist())
    encoded = pc.cast(array, pa.string()).dictionary_encode()
    return list(pc.replace_substring_regex(encoded.dictionary, _DAY, r"\1\2\3").take(encoded.indices).to_pylist())


def _texts(array: pa.Array) -> list[Any]:
    return list(pc.cast(array, pa.string()).to_pylist())


def _flags(array: pa.Array) -> list[Any]:
    return [_FLAGS.get(value.lower(), value) if value else value for value in _texts(array)]


_CONVERSIONS = {"number": _numbers, "date": _days, "text": _texts, "flag": _flags}
