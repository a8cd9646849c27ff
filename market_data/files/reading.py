"""The rows of a file as batches of Arrow columns, whatever the file is written in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from market_data.files.formats import Form, is_parquet
from market_data.frames import arrow_csv, pa, pq

if TYPE_CHECKING:
    Broken = list[arrow_csv.InvalidRow]

PIECE_BYTES = 1 << 20
PIECE_ROWS = 10_000
NOTHING = ["", "nan", "NaN", "None", "null", "NULL", "<NA>", "NaT", "--"]


def is_small(path: Path) -> bool:
    """Whether the file is one piece."""
    return path.stat().st_size <= PIECE_BYTES and path.suffix != ".gz" and not is_parquet(path)


def batches(path: Path, form: Form, names: Sequence[str], broken: Broken) -> Iterator[pa.RecordBatch]:
    """The columns of these names; of text files as texts. Lines with more or fewer columns than the header have are
    left out and put into `broken`. Raises what Arrow and the system raise.
    """
    if is_parquet(path):
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=PIECE_ROWS, columns=list(names))
    elif form.first_row:
        with pa.input_stream(path) as stream:
            yield from _of_text(stream, form, names, broken)


def batches_of(text: bytes, form: Form, names: Sequence[str], broken: Broken) -> Iterator[pa.RecordBatch]:
    """The same of the text of a file, which is one piece."""
    with pa.input_stream(pa.py_buffer(text)) as stream:
        yield from _of_text(stream, form, names, broken, whole=len(text))


def _of_text(
    stream: pa.NativeFile, form: Form, names: Sequence[str], broken: Broken, whole: int = 0
) -> Iterator[pa.RecordBatch]:
    def leave_out(row: arrow_csv.InvalidRow) -> str:
        broken.append(row)
        return "skip"

    texts = arrow_csv.ConvertOptions(
        include_columns=names,
        column_types=dict.fromkeys(names, pa.string()),
        null_values=NOTHING,
        strings_can_be_null=True,
    )
    # Threads would read ahead of whoever stores the rows.
    one_by_one = arrow_csv.ReadOptions(
        use_threads=False,
        block_size=whole or PIECE_BYTES,
        column_names=_told_apart(form.columns),
        skip_rows=form.above,
        encoding=form.encoding.removesuffix("-sig"),
    )
    parse = arrow_csv.ParseOptions(delimiter=form.delimiter, invalid_row_handler=leave_out)
    yield from arrow_csv.open_csv(stream, one_by_one, parse, texts)


def _told_apart(names: Sequence[str]) -> list[str]:
    """Columns without a name are many in some files; the first keeps it."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return found
