"""Rows as they are stored."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import QuerySet

from market_data.datasets import Dataset
from market_data.queries.adjusting import Adjust, adjusted

CHUNK = 20_000


def stored_rows(
    dataset: Dataset,
    start: date | None = None,
    end: date | None = None,
    symbols: tuple[str, ...] | None = None,
    adjust: Adjust = "none",
) -> Iterator[tuple[Any, ...]]:
    """Rows in the order of the dataset's fields, ascending by key, as they are stored; few at a time in memory.

    Of reports the JSON column `rest` comes last. `adjust` is for daily bars; see `adjusted`.
    """
    names = [field.name for field in dataset.shown] + (["rest"] if dataset.rest else [])
    rows = _selected(dataset, start, end, symbols).order_by(*dataset.key).values_list(*names)
    found = rows.iterator(chunk_size=CHUNK)
    return found if adjust == "none" else adjusted(names, found, adjust)


def _selected(
    dataset: Dataset, start: date | None, end: date | None, symbols: tuple[str, ...] | None
) -> QuerySet[Any, Any]:
    rows = dataset.model._default_manager.filter(**dataset.share)
    if dataset.date_column in dataset.columns:
        rows = rows.filter(**{f"{dataset.date_column}__gte": start}) if start else rows
        rows = rows.filter(**{f"{dataset.date_column}__lte": end}) if end else rows
    return rows.filter(symbol__in=symbols) if symbols is not None and "symbol" in dataset.columns else rows
