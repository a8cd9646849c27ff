"""Checks what AkShare makes of an answer before anything is handed on.

AkShare names most columns by their place, and turns what is no number into NaN without a word. So what the source
sent is looked at too: whether each column stands where AkShare takes it from, and whether its numbers are numbers.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import pandas as pd

from market_data.exceptions import BadPayload

Columns = dict[str, list[Any]]
NOTHING = ("-", "", None)
NO_ROWS_CODE = 9201
EVIDENCE_CHARACTERS = 2000
_ROW_LISTS = ("klines", "pool", "diff", "data")
_ROW_COUNTS = ("total", "tc", "count")


@dataclass(frozen=True)
class Reply:
    """An AkShare function's frame, and the JSON values that the source sent for it."""

    frame: pd.DataFrame
    payloads: list[Any]

    @property
    def rows(self) -> list[Any]:
        """The source's rows in the order of its pages: texts with commas, or dicts."""
        return [row for payload in self.payloads for row in rows_of(payload) or []]


@dataclass(frozen=True)
class Column:
    """Our name, AkShare's, and the source's: a key of its rows, or a place in them. Nullable ones may be "-"."""

    name: str
    source: str
    key: str | int
    kind: Literal["text", "number", "date", "symbol"] = "number"
    nullable: bool = False


@dataclass(frozen=True)
class Source:
    """A function's columns. `layout` are the keys of a row in the order AkShare relies on; "_" for any."""

    function: str
    columns: tuple[Column, ...]
    layout: str = ""


def rows_of(payload: Any) -> list[Any] | None:
    """The rows of one answer of Eastmoney's; empty where it says that it has none, None where it says no such thing."""
    if not isinstance(payload, dict):
        return None
    if payload.get("code") == NO_ROWS_CODE or payload.get("data", "") is None:
        return []
    inner = payload.get("data") or payload.get("result")
    if not isinstance(inner, dict):
        return None
    found = next((inner[name] or [] for name in _ROW_LISTS if name in inner), None)
    return found if isinstance(found, list) else None


def says_nothing_is_there(payloads: Sequence[Any]) -> bool:
    """Whether the source answered properly, and never with a row."""
    return bool(payloads) and all(rows_of(payload) == [] for payload in payloads)


def read(source: Source, reply: Reply) -> Columns:
    """The columns under our names, a list of JSON values each; days as YYYYMMDD. Raises BadPayload."""
    rows = reply.rows
    if not rows and reply.frame.empty:
        return {column.name: [] for column in source.columns}
    missing = [column.source for column in source.columns if column.source not in reply.frame]
    if missing:
        raise _refused(source, f"lacks the columns {', '.join(missing)}", rows)
    promised = max(map(_promised, reply.payloads), default=0)
    if len(reply.frame) < promised:
        raise _refused(source, f"has {len(reply.frame)} of {promised} rows", rows[-1:])
    for row in rows:
        _check_row(source, row)
    return {column.name: _values(source, column, reply.frame[column.source].tolist()) for column in source.columns}


def _promised(payload: Any) -> int:
    """How many rows there are on all pages, where the source says so."""
    inner = payload.get("data") or payload.get("result") or {}
    return next((int(inner[name]) for name in _ROW_COUNTS if name in inner), 0)


def _check_row(source: Source, row: Any) -> None:
    cells = dict(enumerate(row.split(","))) if isinstance(row, str) else row
    if not isinstance(cells, dict):
        raise _refused(source, "has a row that is none", row)
    if source.layout and not _is_laid_out(source.layout.split(), list(map(str, cells))):
        raise _refused(source, f"has the columns {' '.join(map(str, cells))} and not {source.layout}", row)
    for column in source.columns:
        if column.key not in cells:
            raise _refused(source, f"lacks the column {column.key}", row)
        if column.kind == "number" and not _is_number(cells[column.key], column):
            raise _refused(source, f"has {cells[column.key]!r} for a number in {column.key}", row)


def _is_laid_out(layout: list[str], keys: list[str]) -> bool:
    return len(layout) == len(keys) and all(want in ("_", key) for want, key in zip(layout, keys, strict=True))


def _is_number(value: Any, column: Column) -> bool:
    if value in NOTHING:
        return column.nullable
    if isinstance(column.key, str):
        return isinstance(value, int | float) and not isinstance(value, bool)
    try:
        float(value)
    except ValueError:
        return False
    return True


def _values(source: Source, column: Column, values: list[Any]) -> list[Any]:
    nulls = [value is None or value != value or value is pd.NaT for value in values]
    if any(nulls) and not column.nullable:
        raise _refused(source, f"lacks values of {column.source}", list(map(str, values[:20])))
    convert = _CONVERSIONS[column.kind]
    return [None if null else convert(value) for null, value in zip(nulls, values, strict=True)]


def symbol_of(code: Any) -> str:
    """A code of six digits with its exchange: 900 and 6 are Shanghai's, 4, 8 and 92 Beijing's."""
    text = str(code)
    if text.startswith(("4", "8", "92")):
        return f"{text}.BJ"
    return f"{text}.SH" if text.startswith(("6", "9")) else f"{text}.SZ"


def _day(value: date) -> str:
    return f"{value:%Y%m%d}"


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {"text": str, "number": float, "date": _day, "symbol": symbol_of}


def _refused(source: Source, what: str, evidence: Any) -> BadPayload:
    return BadPayload(f"AkShare: the answer to {source.function} {what}.", in_short(evidence))


def in_short(value: Any) -> dict[str, str]:
    """The beginning of what was sent, as evidence."""
    return {"answer": json.dumps(value, ensure_ascii=False, default=str)[:EVIDENCE_CHARACTERS]}
