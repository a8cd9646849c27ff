"""Pieces of many small files, checked and stored as one: a transaction for each file would cost more than its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from market_data.files.data_files import DataFile, Piece
from market_data.files.reading import PIECE_ROWS
from market_data.frames import np, pa
from market_data.providers.base import Answer

T = TypeVar("T")
Pieces = list[tuple[DataFile, Piece]]


class Together:
    """Gathers pieces of one form until they are many."""

    def __init__(self) -> None:
        self._pieces: Pieces = []
        self._rows = 0

    def add(self, file: DataFile, piece: Piece) -> Pieces:
        """Take the piece. Returns those that are to go before it, if any."""
        before: Pieces = []
        if self._pieces and (self._rows + piece.rows > PIECE_ROWS or not _alike(self._pieces[0], (file, piece))):
            before = self.rest()
        self._pieces.append((file, piece))
        self._rows += piece.rows
        return before

    def rest(self) -> Pieces:
        """What is gathered by now, if anything."""
        pieces, self._pieces, self._rows = self._pieces, [], 0
        return pieces


def joined(pieces: Sequence[Piece]) -> Piece:
    """The rows of all of them, in order."""
    if len(pieces) == 1:
        return pieces[0]
    columns = {name: _joined([p.answer.columns[name] for p in pieces]) for name in pieces[0].answer.columns}
    refused = [row for piece in pieces for row in piece.refused]
    rows = sum(piece.answer.rows for piece in pieces)
    return Piece(Answer(columns, rows), np.concatenate([piece.numbers for piece in pieces]), refused)


def ahead(steps: Iterator[T]) -> Iterator[T]:
    """The same steps, each made in a thread while the one before is dealt with."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, steps, None)
        while (step := coming.result()) is not None:
            coming = pool.submit(next, steps, None)
            yield step


def _alike(first: tuple[DataFile, Piece], other: tuple[DataFile, Piece]) -> bool:
    """Whether both have the same columns. Rows of reports that are alike are versions within a file only."""
    same_file = first[0] is other[0]
    if first[0].dataset.keeps_versions or same_file:
        return False
    return first[0].dataset.fields == other[0].dataset.fields and (
        first[1].answer.columns.keys() == other[1].answer.columns.keys()
    )


def _joined(columns: list[Any]) -> Any:
    if all(isinstance(column, pa.Array) for column in columns):
        return pa.concat_arrays(columns)
    return [value for c in columns for value in (c.to_pylist() if isinstance(c, pa.Array) else c)]
