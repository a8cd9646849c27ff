"""Pages that start after the key of the last row shown: the thousandth costs what the first does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, Q, QuerySet

from market_data.admin.display import field_of

PAGE_SIZE = 100


@dataclass(frozen=True)
class Page:
    """Some rows, and the key, as text, after which the next page starts; None on the last one."""

    rows: list[Any]
    next_key: list[str] | None


def page_after(rows: QuerySet[Any], order: Sequence[str], key: Sequence[str]) -> Page:
    """The first page where the key is empty. `order` names fields that tell rows apart, "-" before descending ones.

    Raises BadRequest for a key that is none.
    """
    if key:
        rows = rows.filter(_beyond(order, _parsed(rows.model, order, key)))
    found = list(rows.order_by(*order)[: PAGE_SIZE + 1])
    if len(found) <= PAGE_SIZE:
        return Page(found, None)
    last = found[PAGE_SIZE - 1]
    return Page(found[:PAGE_SIZE], [str(getattr(last, name.removeprefix("-"))) for name in order])


def _parsed(model: type[Model], order: Sequence[str], key: Sequence[str]) -> list[Any]:
    try:
        fields = [field_of(model, name.removeprefix("-")) for name in order]
        return [field.to_python(text) for field, text in zip(fields, key, strict=True)]
    except (ValueError, ValidationError) as error:
        raise BadRequest("This page does not exist; start from the first one.") from error


def _beyond(order: Sequence[str], key: Sequence[Any]) -> Q:
    names = [name.removeprefix("-") for name in order]
    than = ["lt" if name.startswith("-") else "gt" for name in order]
    beyond = Q()
    for at, value in enumerate(key):
        beyond |= Q(**dict(zip(names[:at], key, strict=False)), **{f"{names[at]}__{than[at]}": value})
    # An index cannot start from an OR; this says again where the rows start.
    return Q(**{f"{names[0]}__{than[0]}e": key[0]}) & beyond
