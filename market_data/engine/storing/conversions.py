"""A column of JSON values becomes a typed one; a value that is none of its kind costs its row, not the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from market_data.datasets.base import Field
from market_data.frames import np, pa, pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

Mask: TypeAlias = "NDArray[np.bool_]"
_FLAGS = {0: False, 1: True, "0": False, "1": True}


def convert(field: Field, values: Sequence[Any], longest: int | None) -> tuple[pa.Array, Mask]:
    """The values as stored, NaN as NULL, and which of them are wrong: those are NULL.

    `longest` is how many characters the database takes.
    """
    try:
        array, wrong = _AT_ONCE[field.kind](values), None
    except (pa.ArrowException, TypeError, ValueError, LookupError, OverflowError):
        array, wrong = _one_by_one(field, values.to_pylist() if isinstance(values, pa.Array) else values)
    found = _wrong_texts(field, array, longest) if field.kind == "text" else None
    if field.kind == "number":
        array = _scaled(array, field.scale)
    masks = [mask for mask in (wrong, found) if mask is not None]
    return array, np.logical_or.reduce(masks) if masks else np.zeros(len(array), bool)


def _texts(values: Sequence[Any]) -> pa.Array:
    return pc.fill_null(pa.array(values, pa.string()), "")


def _dates(values: Sequence[Any]) -> pa.Array:
    """Each text is looked at once, however many rows have it."""
    encoded = pa.array(values, pa.string()).dictionary_encode()
    texts = pc.if_else(pc.equal(encoded.dictionary, ""), None, encoded.dictionary)
    parsed = pc.strptime(texts, "%Y%m%d", "s")
    if not pc.all(pc.equal(pc.strftime(parsed, "%Y%m%d"), texts), min_count=0).as_py():
        raise ValueError("dates are not all written YYYYMMDD")
    return parsed.cast(pa.date32()).take(encoded.indices)


def _numbers(values: Sequence[Any]) -> pa.Array:
    numbers = pa.array(values, pa.float64(), from_pandas=True)
    if pc.any(pc.is_inf(numbers), min_count=0).as_py():
        raise ValueError("a number is infinite")
    return numbers


def _flags(values: Sequence[Any]) -> pa.Array:
    return pa.array([_FLAGS[value] for value in values], pa.bool_())


def _one_by_one(field: Field, values: Sequence[Any]) -> tuple[pa.Array, Mask]:
    """As at once, for a column in which some value is wrong."""
    read, kind, nothing = _SINGLY[field.kind]
    cells, wrong = [], np.zeros(len(values), bool)
    for at, value in enumerate(values):
        try:
            cells.append(read(value))
        except (TypeError, ValueError, LookupError, OverflowError):
            cells.append(nothing)
            wrong[at] = True
    return pa.array(cells, kind), wrong


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value


def _date(value: Any) -> date | None:
    if value is None or value == "" or value != value:
        return None
    if not re.fullmatch(r"\d{8}", value):
        raise ValueError
    return datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007 - a day has no time zone


def _number(value: Any) -> float | None:
    if value is None or value != value:
        return None
    if isinstance(value, str | bool) or abs(number := float(value)) == float("inf"):
        raise ValueError
    return number


_AT_ONCE: dict[str, Callable[[Sequence[Any]], pa.Array]] = {
    "text": _texts,
    "date": _dates,
    "number": _numbers,
    "flag": _flags,
}
_SINGLY: dict[str, tuple[Callable[[Any], Any], str, Any]] = {
    "text": (_text, "string", ""),
    "date": (_date, "date32", None),
    "number": (_number, "float64", None),
    "flag": (_FLAGS.__getitem__, "bool", None),
}


def _wrong_texts(field: Field, texts: pa.Array, longest: int | None) -> Mask | None:
    """Texts that no database takes, that are too long, or that do not look as theirs do."""
    wrong = pc.match_substring(texts, "\0")
    if longest is not None:
        wrong = pc.or_(wrong, pc.greater(pc.utf8_length(texts), longest))
    if field.pattern:
        wrong = pc.or_(wrong, pc.invert(pc.match_substring_regex(texts, f"^(?:{field.pattern})$")))
    return np.asarray(wrong)


def _scaled(numbers: pa.Array, scale: float) -> pa.Array:
    if scale == 1.0:
        return numbers
    return pa.array(scaled(numbers.to_numpy(zero_copy_only=False), scale), from_pandas=True)


def scaled(values: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """values x scale, where a whole number is meant exactly that: 4182345.222 thousand is 4182345222."""
    products = values * scale
    whole = np.rint(products)
    return np.where(np.abs(products - whole) <= 4 * np.spacing(np.abs(products)), whole, products)
