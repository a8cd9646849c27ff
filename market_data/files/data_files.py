"""Files of rows that people have, CSV or Parquet, read a piece at a time in the words of a provider's answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from market_data.datasets import Dataset, Parts, Rhythm
from market_data.exceptions import BadFile
from market_data.files import codes, days, reading
from market_data.files.formats import Form, plain_name
from market_data.frames import np, pa, pc
from market_data.providers.base import Answer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

_FLAGS = {"true": 1, "false": 0, "1": 1, "0": 0, "1.0": 1, "0.0": 0}
_FEET = ("#数据来源", "数据来源")
_IDLE = {"tradestatus": ("0",), "paused": ("1", "1.0")}
"""What some tools write beside the bar of a day on which a stock was not traded: no bar."""


class RefusedRow(NamedTuple):
    """A row that cannot be taken: its number below the header, counted from 1, why, and the row."""

    number: int
    reason: str
    words: str


@dataclass(frozen=True)
class Piece:
    """Some rows of a file. `numbers` are those of the answer's rows, counted below the header from 1.

    `parts`: of several files, each with how many of the rows are its.
    """

    answer: Answer
    numbers: NDArray[np.int64]
    refused: list[RefusedRow] = field(default_factory=list)
    parts: tuple[tuple[Path, int], ...] = ()

    @property
    def rows(self) -> int:
        return self.answer.rows + len(self.refused)


@dataclass(frozen=True)
class DataFile:
    """A file and how it is to be read: `dataset` has the names and units that the file has.

    No session after `today` (YYYYMMDD) is one. The file is of one `symbol` where it has no column that tells it;
    `assumed` are columns that it does not have and what is in them.
    """

    path: Path
    form: Form
    layout: str
    dataset: Dataset
    today: str
    symbol: str = ""
    assumed: dict[str, str | None] = field(default_factory=dict)

    def pieces(self) -> Iterator[Piece]:
        """Raises BadFile where the file is damaged, after the rows before that."""
        broken: reading.Broken = []
        row = 1
        try:
            for batch in reading.batches(self.path, self.form, list(self._kinds), broken):
                refused = [_broken(found, self.form) for found in broken if not found.text.strip().startswith(_FEET)]
                yield self._piece(batch, row, refused)
                row += batch.num_rows + len(broken)
                broken.clear()
        except (pa.ArrowException, OSError, EOFError, UnicodeError) as error:
            reason = str(error).splitlines()[0]
            where = f"beyond row {row - 1}" if row > 1 else "as rows of these columns"
            raise BadFile(f"{self.path.name} cannot be read {where}: {reason}") from error

    def piece_of(self, text: bytes) -> Piece | None:
        """The rows of a text of this form; None where any of them is odd."""
        broken: reading.Broken = []
        try:
            batches = list(reading.batches_of(text, self.form, list(self._kinds), broken))
        except pa.ArrowException:
            return None
        if broken or len(batches) != 1:
            return None
        piece = self._piece(batches[0], 1, [])
        return None if piece.refused or piece.rows != batches[0].num_rows else piece

    def narrowed(self, names: Collection[str]) -> DataFile:
        """The same file with no more than these columns of ours."""
        fields = tuple(f for f in self.dataset.fields if f.name in names)
        return replace(self, dataset=replace(self.dataset, fields=fields, key=()), symbol="", assumed={})

    @cached_property
    def lacking(self) -> tuple[str, ...]:
        """Our names of the columns that the file does not have."""
        return tuple(f.name for f in self.dataset.fields if f.source not in self._plain_names.values())

    @cached_property
    def _plain_names(self) -> dict[str, str]:
        return {name: plain_name(name) for name in self.form.columns}

    @cached_property
    def _kinds(self) -> dict[str, str]:
        """The columns that are read, by their names in the file, and what is in them."""
        kinds: dict[str, str] = {f.source: f.kind for f in (*self.dataset.fields, *self.dataset.packed)}
        kinds |= dict.fromkeys(_IDLE, "text")
        return {name: kinds[plain] for name, plain in self._plain_names.items() if plain in kinds}

    def _piece(self, batch: pa.RecordBatch, first: int, refused: list[RefusedRow]) -> Piece:
        numbers = np.arange(first, first + batch.num_rows)
        idle = self._left_out(batch)
        if idle.any():
            batch, numbers = batch.filter(pa.array(~idle)), numbers[~idle]
        values = self._values(batch)
        good = np.ones(batch.num_rows, bool)
        for wrong, name, reason in self._strays(batch, values):
            for at in np.flatnonzero(wrong & good).tolist():
                refused.append(RefusedRow(int(numbers[at]), reason.format(batch.column(name)[at]), _words(batch, at)))
            good &= ~wrong
        if not good.all():
            kept = pa.array(good)
            values = {name: _kept(array, kept) for name, array in values.items()}
        return Piece(Answer(values, int(good.sum())), numbers[good], refused)

    def _left_out(self, batch: pa.RecordBatch) -> Mask:
        """Rows that are none: the header again, the last line of some tools, days on which nothing was traded."""
        out = np.zeros(batch.num_rows, bool)
        for name, plain in self._plain_names.items():
            kind = self._kinds.get(name)
            if plain in _IDLE and kind and not self.dataset.keeps_versions:
                out |= _is_any(batch.column(name), _IDLE[plain])
            elif kind == "date" and pa.types.is_string(batch.column(name).type):
                texts = batch.column(name)
                again = pc.or_(pc.equal(texts, plain), pc.match_substring_regex(texts, "^#?数据来源"))
                out |= pc.fill_null(again, False).to_numpy(zero_copy_only=False)
        return out

    def _values(self, batch: pa.RecordBatch) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, kind in self._kinds.items():
            plain, array = self._plain_names[name], _decoded(batch.column(name))
            if kind == "date":
                values[plain] = days.as_days(array, self._zone(batch))
            elif plain not in _IDLE:
                values[plain] = _CONVERSIONS[kind](array)
        texts = self.assumed | ({self.dataset.source_of("symbol"): self.symbol} if self.symbol else {})
        for name, text in texts.items():
            if name not in values:
                values[name] = pa.array([text] * batch.num_rows, pa.string())
        fields = self.dataset.fields if self.dataset.keeps_versions else ()
        return values | {
            f.source: [None] * batch.num_rows for f in fields if self.dataset.is_needed(f) and f.source not in values
        }

    def _zone(self, batch: pa.RecordBatch) -> str | None:
        if self.dataset.provider != "yfinance":
            return days.CHINA
        return days.zone_of(self.symbol or self._first_symbol(batch))

    def _first_symbol(self, batch: pa.RecordBatch) -> str | None:
        name = next((n for n, plain in self._plain_names.items() if plain == self.dataset.source_of("symbol")), None)
        return str(batch.column(name)[0]) if name and batch.num_rows else None

    def _strays(self, batch: pa.RecordBatch, values: dict[str, Any]) -> Iterator[tuple[Mask, str, str]]:
        """Rows of no symbol, of another one, or of a session that has not come yet. Reports may come early."""
        by_name = {plain: name for name, plain in self._plain_names.items()}
        if "symbol" in self.dataset.key and (source := self.dataset.source_of("symbol")) in by_name:
            ours = codes.translated(values[source], self.dataset)
            there = pc.not_equal(pc.fill_null(values[source], ""), "")
            unknown = pc.and_(pc.is_null(ours), there).to_numpy(zero_copy_only=False)
            yield unknown, by_name[source], "'{!s:.40}' is not a symbol such as 600000.SH"
            values[source] = ours
            if self.symbol:
                others = pc.fill_null(pc.not_equal(ours, self.symbol), False).to_numpy(zero_copy_only=False)
                yield others, by_name[source], f"{{}} is not {self.symbol}"
        date = next((f.source for f in self.dataset.fields if f.name == self.dataset.date_column), None)
        if date in by_name and self.dataset.parts != Parts.WHOLE and self.dataset.rhythm == Rhythm.SESSIONS:
            late = pc.fill_null(pc.greater(values[date], self.today), False)
            is_day = pc.fill_null(pc.match_substring_regex(values[date], r"^\d{8}$"), False)
            yield pc.and_(late, is_day).to_numpy(zero_copy_only=False), by_name[date], "{} has not come yet"


def _broken(row: Any, form: Form) -> RefusedRow:
    reason = f"it has {row.actual_columns} columns and the header {row.expected_columns}"
    return RefusedRow(max(1, (row.number or form.above + 1) - form.above), reason, row.text[:100])


def _words(batch: pa.RecordBatch, at: int) -> str:
    return ", ".join(f"{name} {batch.column(name)[at]}" for name in batch.schema.names)


def _is_any(array: pa.Array, texts: tuple[str, ...]) -> Mask:
    found = pc.is_in(pc.cast(array, pa.string()), pa.array(texts))
    mask: Mask = found.to_numpy(zero_copy_only=False)
    return mask


def _kept(values: Any, kept: pa.Array) -> Any:
    if isinstance(values, pa.Array):
        return values.filter(kept)
    return [value for value, keep in zip(values, kept.to_pylist(), strict=True) if keep]


def _decoded(array: pa.Array) -> pa.Array:
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _numbers(array: pa.Array) -> Any:
    """Numbers, NaN as null. What cannot be understood stays, for the check to refuse."""
    try:
        numbers = pc.cast(array, pa.float64())
    except pa.ArrowInvalid:
        return [_number(value) for value in array.to_pylist()]
    return pc.if_else(pc.is_nan(numbers), None, numbers)


def _number(value: Any) -> Any:
    try:
        return None if value is None else float(value.replace(",", "") if isinstance(value, str) else value)
    except ValueError:
        return value


def _texts(array: pa.Array) -> Any:
    return pc.cast(array, pa.string())


def _flags(array: pa.Array) -> Any:
    return [_FLAGS.get(value.lower(), value) if value else value for value in _texts(array).to_pylist()]


_CONVERSIONS = {"number": _numbers, "text": _texts, "flag": _flags}
