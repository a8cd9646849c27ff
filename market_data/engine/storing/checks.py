"""An answer becomes a typed table. Wrong columns refuse the answer; a wrong row is refused alone, with the evidence."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from market_data.datasets.base import Dataset, Field
from market_data.engine.storing.conversions import Mask, convert
from market_data.engine.storing.versions import with_versions
from market_data.exceptions import BadPayload
from market_data.frames import np, pa, pc
from market_data.providers.base import Answer

EVIDENCE_ROWS = 20
REFUSED_AT_MOST = 200
"""An answer with more wrong rows than this is wrong as a whole."""


@dataclass(frozen=True)
class Window:
    """What was asked for: no row may lie outside, or on a day without trading. None: not limited."""

    start: date | None = None
    end: date | None = None
    symbols: Collection[str] | None = None
    closed: Collection[date] = ()


@dataclass(frozen=True)
class Refused:
    """A row that is not stored: what it is about as far as that can be told, why, and the row as it came.

    `place` is its number in the answer, from 0.
    """

    reason: str
    symbol: str
    day: date | None
    evidence: Any
    place: int = 0


@dataclass(frozen=True)
class Checked:
    """Rows to store, those that are refused, and the columns that stayed away."""

    table: pa.Table
    refused: list[Refused] = field(default_factory=list)
    lacking: tuple[str, ...] = ()


def check(dataset: Dataset, answer: Answer, window: Window) -> Checked:
    """The answer as a table with the dataset's columns and no key twice; NaN is NULL. Raises BadPayload."""
    lacking = _check_columns(dataset, answer)
    rows = _Rows(dataset, answer)
    rows.check_keys()
    rows.check_window(window)
    rows.check_possible()
    table = rows.table
    if dataset.other_fields:
        table = with_versions(dataset.other_fields, rows.others, table)
    else:
        rows.check_twice()
        table = rows.table
    return Checked(table, rows.refused(), lacking)


def _check_columns(dataset: Dataset, answer: Answer) -> tuple[str, ...]:
    """The columns that stayed away, in the provider's words. Raises BadPayload where one of them is needed."""
    missing = [f for f in dataset.fields if f.source not in answer.columns]
    needed = ", ".join(f.source for f in missing if dataset.is_needed(f))
    if needed:
        raise BadPayload(f"{dataset.name}: the answer lacks the columns {needed}.", as_evidence(list(answer.columns)))
    return (*(f.source for f in missing), *(name for name in dataset.other_names if name not in answer.columns))


class _Rows:
    """The rows of an answer, each good until something speaks against it."""

    def __init__(self, dataset: Dataset, answer: Answer) -> None:
        self._dataset = dataset
        self._answer = answer
        self._reasons: list[tuple[Mask, str]] = []
        self._good = np.ones(answer.rows, bool)
        self._all = pa.table({f.name: self._column(f) for f in dataset.fields})
        for name, value in dataset.constants.items():
            kind = pa.string() if isinstance(value, str) else pa.bool_()
            self._all = self._all.append_column(name, pa.array([value] * answer.rows, kind))
        self._others = {field.name: self._other_column(field) for field in dataset.packed}

    @property
    def table(self) -> pa.Table:
        return self._all if self._good.all() else self._all.filter(pa.array(self._good))

    @property
    def others(self) -> dict[str, list[Any]]:
        good = pa.array(self._good)
        return {name: array.filter(good).to_pylist() for name, array in self._others.items() if array is not None}

    def _column(self, field: Field) -> pa.Array:
        values = self._answer.columns.get(field.source)
        values = [None] * self._answer.rows if values is None else values
        if field.kind == "flag" and field.source not in self._answer.columns:
            return pa.nulls(self._answer.rows, pa.bool_())
        longest = getattr(self._dataset.model._meta.get_field(field.name), "max_length", None)
        array, wrong = convert(field, values, longest)
        self.refuse(wrong, f"its {field.source} is no {field.kind} that can be stored")
        return array

    def _other_column(self, field: Field) -> pa.Array | None:
        if field.source not in self._answer.columns:
            return None
        array, wrong = convert(field, self._answer.columns[field.source], None)
        self.refuse(wrong, f"its {field.source} is no {field.kind}")
        return array

    def refuse(self, wrong: Mask, reason: str) -> None:
        if wrong.any():
            self._reasons.append((wrong, reason))
            self._good &= ~wrong

    def check_keys(self) -> None:
        for f in self._dataset.fields:
            if f.name in self._dataset.key or f.never_null:
                missing = self._all[f.name].is_null().to_numpy()
                if f.kind == "text" and (f.name == "symbol" or f.never_null):
                    missing = missing | pc.equal(self._all[f.name], "").to_numpy()
                self.refuse(missing, f"it has no {f.source}")

    def check_window(self, window: Window) -> None:
        """Rows that were not asked for. Where most of an answer is such rows, it answers another question."""
        outside = np.zeros(self._answer.rows, bool)
        column = self._dataset.date_column
        if column in self._all.column_names and (window.start or window.end or window.closed):
            days = self._all[column].to_numpy().astype("datetime64[D]")
            if window.start:
                outside |= days < np.datetime64(window.start)
            if window.end:
                outside |= days > np.datetime64(window.end)
            if window.closed:
                closed = np.isin(days, np.array(sorted(window.closed), "datetime64[D]"))
                self.refuse(closed, "the exchanges are closed on its day")
        if window.symbols is not None and "symbol" in self._all.column_names:
            wanted = pa.array(list(window.symbols), pa.string())
            outside |= ~pc.is_in(self._all["symbol"], wanted).to_numpy()
        strangers = int((outside & self._good).sum())
        if strangers * 2 > self._answer.rows:
            raise BadPayload(
                f"{self._dataset.name}: the answer has {strangers} rows that were not asked for.",
                _head(self._all.filter(pa.array(outside))),
            )
        self.refuse(outside, "it was not asked for")

    def check_possible(self) -> None:
        if self._dataset.impossible is None or not self._answer.rows:
            return
        read = [f.name for f in self._dataset.fields if f.kind == "number" or f.name == "symbol"]
        columns = {name: self._all[name].to_numpy() for name in read}
        self.refuse(self._dataset.impossible(columns), "its values are impossible")

    def check_twice(self) -> None:
        """Alike rows are one row. Of rows that differ under one key, nobody knows which is right."""
        table = self.table
        if table.group_by(list(self._dataset.key)).aggregate([]).num_rows == table.num_rows:
            return
        by_key: defaultdict[tuple[Any, ...], dict[tuple[Any, ...], list[int]]] = defaultdict(dict)
        key = [self._all.column_names.index(name) for name in self._dataset.key]
        for at in np.flatnonzero(self._good).tolist():
            row = tuple(column[at].as_py() for column in self._all.columns)
            by_key[tuple(row[place] for place in key)].setdefault(row, []).append(at)
        different, again = np.zeros(self._answer.rows, bool), np.zeros(self._answer.rows, bool)
        for rows in by_key.values():
            places = [place for alike in rows.values() for place in alike]
            (different if len(rows) > 1 else again)[places if len(rows) > 1 else places[1:]] = True
        self._good &= ~again
        self.refuse(different, "its key came twice, with different values")

    def refused(self) -> list[Refused]:
        """Each wrong row once. Raises BadPayload where there are more than a few."""
        first: dict[int, str] = {}
        for wrong, reason in self._reasons:
            for at in np.flatnonzero(wrong).tolist():
                first.setdefault(at, reason)
        if len(first) > max(REFUSED_AT_MOST, self._answer.rows // 10):
            reason = next(iter(first.values()))
            rows = [self._evidence(at) for at in list(first)[:EVIDENCE_ROWS]]
            raise BadPayload(f"{self._dataset.name}: {len(first)} rows are refused; of the first, {reason}.", rows)
        return [self._refused(at, reason) for at, reason in sorted(first.items())]

    def _refused(self, at: int, reason: str) -> Refused:
        symbol = next((f.source for f in self._dataset.fields if f.name == "symbol"), "")
        text = self._answer.columns[symbol][at] if symbol else ""
        day = None
        if self._dataset.date_column in self._all.column_names:
            day = self._all[self._dataset.date_column][at].as_py()
        return Refused(reason, _plain(text)[:64], day, self._evidence(at), at)

    def _evidence(self, at: int) -> Any:
        columns = self._answer.columns
        return as_evidence({f.name: columns[f.source][at] for f in self._dataset.fields if f.source in columns})


def _plain(value: Any) -> str:
    """A text that every database takes."""
    return str(value).encode(errors="replace").decode().replace("\0", "\\0")


def as_evidence(value: Any) -> Any:
    """A value in a form that every database keeps as JSON: it has no NaN, no NUL and no half characters."""
    if isinstance(value, pa.Scalar):
        return as_evidence(value.as_py())
    if isinstance(value, dict):
        return {_plain(key): as_evidence(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_evidence(inner) for inner in value[:EVIDENCE_ROWS]]
    if isinstance(value, str):
        return _plain(value)
    return json.loads(json.dumps(value, default=str), parse_constant=str)


def _head(table: pa.Table) -> list[dict[str, str]]:
    return [{k: _plain(v) for k, v in row.items()} for row in table.slice(0, EVIDENCE_ROWS).to_pylist()]
