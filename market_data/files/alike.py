"""Small files with one header, such as a file for each stock, read as if they were one.

Whatever is odd in any of them, however little, is left to reading each by itself: there it is found and told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from market_data.files import opening
from market_data.files.data_files import DataFile, Piece
from market_data.files.opening import Opener
from market_data.files.reading import PIECE_BYTES, is_small
from market_data.frames import np, pa


@dataclass(frozen=True)
class Small:
    """A file's first line, and the lines below."""

    path: Path
    header: bytes
    body: bytes

    @property
    def rows(self) -> int:
        return self.body.count(b"\n")


def in_groups(paths: Iterable[Path]) -> Iterator[list[Small] | Path]:
    """The files in their order: those that follow each other and are alike together, others by themselves."""
    group: list[Small] = []
    size = 0
    for path in paths:
        small = _small(path)
        if group and (small is None or small.header != group[0].header or size + len(small.body) > PIECE_BYTES):
            yield group
            group, size = [], 0
        if small is None:
            yield path
        else:
            group.append(small)
            size += len(small.body)
    if group:
        yield group


def read_as_one(opener: Opener, group: Sequence[Small], *, force: bool) -> tuple[DataFile, Piece] | None:
    """The rows of all of them, in order, as the first is to be read; None where each must be read by itself."""
    if len(group) == 1:
        return None
    file = opener.open(group[0].path)
    if not all(_quotes_whole_fields(small.body, file.form.delimiter) for small in group):
        return None
    if not opening.depends_on_its_header_alone(file):
        return None
    piece = file.piece_of(b"\n".join([group[0].header, b"".join(small.body for small in group)]))
    rows = [small.rows for small in group]
    if piece is None or piece.rows != sum(rows):
        return None
    if file.symbol:
        symbols = [opener.symbol_of(small.path, file.form) for small in group]
        if "" in symbols:
            return None
        column = pa.array(np.repeat(np.array(symbols, object), rows), pa.string())
        piece.answer.columns[file.dataset.source_of("symbol")] = column
    if not force and opening.can_be_doubted(file) and not opening.is_beyond_doubt(file, piece):
        return None
    numbers = np.concatenate([np.arange(1, count + 1) for count in rows])
    parts = tuple((small.path, count) for small, count in zip(group, rows, strict=True))
    return file, replace(piece, numbers=numbers, parts=parts)


def _quotes_whole_fields(body: bytes, delimiter: str) -> bool:
    """Whether quotes stand around fields alone, each within its line: no field goes on in the next line, or file."""
    if b'"' not in body:
        return True
    content = np.frombuffer(b"\n" + body, np.uint8)
    at = np.flatnonzero(content == ord('"'))
    first, last = at[0::2], at[1::2]
    if len(first) != len(last):
        return False
    lines = np.flatnonzero(content == ord("\n"))
    in_one_line = np.array_equal(np.searchsorted(lines, first), np.searchsorted(lines, last))
    edges = np.frombuffer(delimiter.encode() + b"\r\n", np.uint8)
    return in_one_line and bool(np.isin(content[first - 1], edges).all() and np.isin(content[last + 1], edges).all())


def _small(path: Path) -> Small | None:
    """The file, where it is a small text; None where it must be read otherwise, or cannot be read."""
    try:
        if not is_small(path):
            return None
        header, _, body = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    body = body.rstrip(b"\r\n")
    return Small(path, header, body + b"\n" if body else b"")
