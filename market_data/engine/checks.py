"""An answer becomes a typed table, or is refused with the evidence."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from itertools import compress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from market_data.datasets.base import Dataset, Field, Rest
from market_data.engine.versions import with_versions
from market_data.exceptions import BadPayload
from market_data.providers.base import Answer

EVIDENCE_ROWS = 20


@dataclass(frozen=True)
class Window:
    """What was asked for: no row may lie outside. None: not limited."""

    start: date | None = None
    end: date | None = None
    symbols: Collection[str] | None = None


@dataclass(frozen=True)
class Checked:
    """Rows to store, and the rows that no market can have produced, as dicts of stored names."""

    table: pa.Table
    refused: list[dict[str, Any]] = field(default_factory=list)


def check(dataset: Dataset, answer: Answer, window: Window) -> Checked:
    """The answer as a table with the dataset's columns; NaN is NULL. Raises BadPayload."""
    _check_columns(dataset, answer)
    table = pa.table({f.name: _column(dataset, f, answer) for f in dataset.fields})
    for name, value in dataset.constants.items():
        kind = pa.string() if isinstance(value, str) else pa.bool_()
        table = table.append_column(name, pa.array([value] * answer.rows, kind))
    if dataset.rest:
        table = _with_versions(dataset, dataset.rest, answer, table)
    _check_lengths(dataset, table)
    _check_keys(dataset, table)
    _check_window(dataset, table, window)
    return _without_impossible(dataset, table)


def _check_columns(dataset: Dataset, answer: Answer) -> None:
    """All that must be there is; where some may stay away, one that nobody knows may be one of them renamed."""
    needed = [f.source for f in dataset.fields if not f.is_optional] + list(
        dataset.rest.required if dataset.rest else ()
    )
    missing = [name for name in needed if name not in answer.columns]
    if missing:
        names = ", ".join(missing)
        raise BadPayload(f"{dataset.name}: the answer lacks the columns {names}.", {"columns": list(answer.columns)})
    unknown = answer.columns.keys() - set(dataset.sources)
    if dataset.rest and unknown:
        raise BadPayload(
            f"{dataset.name}: the answer has unknown columns: {', '.join(sorted(unknown))}.",
            {"columns": sorted(unknown)},
        )


def _with_versions(dataset: Dataset, rest: Rest, answer: Answer, table: pa.Table) -> pa.Table:
    try:
        return with_versions(rest, answer, table)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise BadPayload(f"{dataset.name}: a figure of the answer is none: {error}") from error


def _column(dataset: Dataset, field: Field, answer: Answer) -> pa.Array:
    values = answer.columns.get(field.source) or [None] * answer.rows
    try:
        return _CONVERSIONS[field.kind](field, values)
    except (pa.ArrowException, TypeError, ValueError, LookupError, OverflowError) as error:
        raise BadPayload(
            f"{dataset.name}: the column {field.source} holds what is no {field.kind}: {error}",
            {"column": field.source, "values": _as_evidence(values)},
        ) from error


def _as_evidence(values: list[Any]) -> Any:
    """The first values in a form that every database keeps as JSON: it has no NaN."""
    return json.loads(json.dumps(values[:EVIDENCE_ROWS], default=str), parse_constant=str)


def _text(field: Field, values: list[Any]) -> pa.Array:
    return pc.fill_null(pa.array(values, pa.string()), "")


def _date(field: Field, values: list[Any]) -> pa.Array:
    """Each text is looked at once, however many rows have it."""
    encoded = pa.array(values, pa.string()).dictionary_encode()
    texts = pc.if_else(pc.equal(encoded.dictionary, ""), None, encoded.dictionary)
    parsed = pc.strptime(texts, "%Y%m%d", "s")
    if not pc.all(pc.equal(pc.strftime(parsed, "%Y%m%d"), texts), min_count=0).as_py():
        raise ValueError("dates are not all written YYYYMMDD")
    return parsed.cast(pa.date32()).take(encoded.indices)


def _number(field: Field, values: list[Any]) -> pa.Array:
    numbers = pa.array(values, pa.float64(), from_pandas=True)
    if pc.any(pc.is_inf(numbers), min_count=0).as_py():
        raise ValueError("a number is infinite")
    if field.scale == 1.0:
        return numbers
    return pa.array(scaled(numbers.to_numpy(zero_copy_only=False), field.scale), from_pandas=True)


def _flag(field: Field, values: list[Any]) -> pa.Array:
    return pa.array([{0: False, 1: True, "0": False, "1": True}[value] for value in values], pa.bool_())


_CONVERSIONS = {"text": _text, "date": _date, "number": _number, "flag": _flag}


def scaled(values: "np.ndarray[Any, np.dtype[np.float64]]", scale: float) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """values x scale, where a whole number is meant exactly that: 4182345.222 thousand is 4182345222."""
    products = values * scale
    whole = np.rint(products)
    return np.where(np.abs(products - whole) <= 4 * np.spacing(np.abs(products)), whole, products)


def _check_lengths(dataset: Dataset, table: pa.Table) -> None:
    for f in dataset.fields:
        longest = pc.max(pc.utf8_length(table[f.name])).as_py() if f.kind == "text" else None
        allowed = getattr(dataset.model._meta.get_field(f.name), "max_length", None)
        if longest is not None and allowed is not None and longest > allowed:
            too_long = table.filter(pc.greater(pc.utf8_length(table[f.name]), allowed))
            raise BadPayload(f"{dataset.name}: a {f.source} is longer than {allowed} characters.", _head(too_long))


def _check_keys(dataset: Dataset, table: pa.Table) -> None:
    for name in dataset.key:
        if table[name].null_count or (name == "symbol" and pc.any(pc.equal(table[name], "")).as_py()):
            raise BadPayload(f"{dataset.name}: the answer has rows without a {dataset.source_of(name)}.", _head(table))
    if _distinct(dataset, table) != table.num_rows:
        keys = list(zip(*(table[name].to_pylist() for name in dataset.key), strict=True))
        seen: set[Any] = set()
        twice = [key for key in keys if key in seen or seen.add(key)]  # type: ignore[func-returns-value]
        raise BadPayload(
            f"{dataset.name}: the answer has {len(twice)} keys twice, such as {' '.join(map(str, twice[0]))}.",
            {"keys": [[str(part) for part in key] for key in twice[:EVIDENCE_ROWS]]},
        )


def _distinct(dataset: Dataset, table: pa.Table) -> int:
    return int(table.group_by(list(dataset.key)).aggregate([]).num_rows)


def _check_window(dataset: Dataset, table: pa.Table, window: Window) -> None:
    outside = pa.array(np.zeros(table.num_rows, dtype=bool))
    days = table[dataset.date_column] if dataset.date_column in table.column_names else None
    if window.start and days is not None:
        outside = pc.or_(outside, pc.less(days, window.start))
    if window.end and days is not None:
        outside = pc.or_(outside, pc.greater(days, window.end))
    if window.symbols is not None and "symbol" in table.column_names:
        wanted = pa.array(list(window.symbols), pa.string())
        outside = pc.or_(outside, pc.invert(pc.is_in(table["symbol"], wanted)))
    if pc.any(outside, min_count=0).as_py():
        strangers = table.filter(outside)
        raise BadPayload(
            f"{dataset.name}: the answer has {strangers.num_rows} rows that were not asked for.", _head(strangers)
        )


def _without_impossible(dataset: Dataset, table: pa.Table) -> Checked:
    if dataset.impossible is None or not table.num_rows:
        return Checked(table)
    numbers = {f.name: table[f.name].to_numpy() for f in dataset.fields if f.kind == "number"}
    wrong = dataset.impossible(numbers)
    if not wrong.any():
        return Checked(table)
    refused = [{k: str(v) for k, v in row.items()} for row in compress(table.to_pylist(), wrong)]
    return Checked(table.filter(pa.array(~wrong)), refused)


def _head(table: pa.Table) -> list[dict[str, str]]:
    return [{k: str(v) for k, v in row.items()} for row in table.slice(0, EVIDENCE_ROWS).to_pylist()]
