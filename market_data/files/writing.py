"""Columns as files and streams."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any, Literal, Protocol

from market_data.files.spreadsheet import FORMULA
from market_data.frames import arrow_csv, pa, pc, pq

Format = Literal["csv", "parquet", "arrow"]
BOM = b"\xef\xbb\xbf"


class Writer(Protocol):
    def write_table(self, table: pa.Table) -> None: ...

    def close(self) -> None: ...


class CSVWriter:
    """UTF-8, lines end in a line feed, NULL is nothing; whole numbers keep their `.0`: a column is of one kind."""

    def __init__(
        self, file: IO[bytes], schema: pa.Schema, *, bom: bool = False, for_spreadsheets: bool = False
    ) -> None:
        self._file = file
        self._for_spreadsheets = for_spreadsheets
        header = io.StringIO()
        csv.writer(header, lineterminator="\n").writerow(schema.names)
        file.write((BOM if bom else b"") + header.getvalue().encode())

    def write_table(self, table: pa.Table) -> None:
        if self._for_spreadsheets:
            table = table.from_arrays([without_formulas(column) for column in table.columns], table.column_names)
        texts = table.from_arrays([as_text(column) for column in table.columns], table.column_names)
        self._file.write(_with_quotes(texts) if any(map(_needs_quotes, texts.columns)) else _without_quotes(texts))

    def close(self) -> None:
        """Nothing is left to write."""


def without_formulas(column: pa.ChunkedArray) -> Any:
    """A column, with an apostrophe before each text that begins like a formula."""
    if not pa.types.is_string(column.type):
        return column
    is_formula = pc.match_substring_regex(column, f"^[{re.escape(''.join(FORMULA))}]")
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", column, ""), column)


def _needs_quotes(column: pa.ChunkedArray) -> bool:
    is_text = pa.types.is_string(column.type)
    return is_text and bool(pc.any(pc.match_substring_regex(column, '[",\r\n]'), min_count=0).as_py())


def _without_quotes(texts: pa.Table) -> Any:
    buffer = io.BytesIO()
    arrow_csv.write_csv(texts, buffer, arrow_csv.WriteOptions(include_header=False, quoting_style="none"))
    return buffer.getbuffer()


def _with_quotes(texts: pa.Table) -> bytes:
    """Arrow quotes all texts or none."""
    text = io.StringIO()
    rows = zip(*(column.to_pylist() for column in texts.columns), strict=True)
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def as_text(column: pa.ChunkedArray) -> Any:
    """Flags as words, numbers to the last digit that tells them apart; everything else as it is."""
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "True", "False")
    if not pa.types.is_floating(column.type):
        return column
    texts = column.cast(pa.string())
    has_point = pc.or_(pc.not_equal(pc.floor(column), column), pc.greater(pc.find_substring(texts, "e"), 0))
    return pc.if_else(pc.invert(has_point), pc.binary_join_element_wise(texts, ".0", ""), texts)


WRITERS: Mapping[Format, Callable[[Any, pa.Schema], Writer]] = {
    "csv": CSVWriter,
    "parquet": lambda file, schema: pq.ParquetWriter(file, schema),
    "arrow": lambda file, schema: pa.ipc.new_stream(file, schema),
}


def chunks(pieces: Iterable[pa.Table], schema: pa.Schema, form: Format, compression: str = "") -> Iterator[bytes]:
    """The bytes of a file of these pieces, as they come; `compression` is "gzip", "zstd" or none."""
    gathered = _Gathered()
    file: Any = pa.CompressedOutputStream(gathered, compression) if compression else gathered
    writer = WRITERS[form](file, schema)
    for piece in pieces:
        writer.write_table(piece)
        if written := gathered.take():
            yield written
    writer.close()
    if compression:
        file.close()
    yield gathered.take()


class _Gathered(io.RawIOBase):
    """What was written since it was last taken; never closed by who writes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts = []
        return taken
