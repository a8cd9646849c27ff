"""Asking the database for market data."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

from django.db.models import QuerySet

from market_data.datasets import Dataset
from market_data.models import AdjFactor

Adjust = Literal["none", "qfq", "hfq"]
PRICES = ("open", "high", "low", "close", "pre_close")
CHUNK = 20_000


def stored_rows(
    dataset: Dataset,
    start: date | None = None,
    end: date | None = None,
    symbols: tuple[str, ...] | None = None,
    adjust: Adjust = "none",
) -> Iterator[tuple[Any, ...]]:
    """Rows in the order of the dataset's fields, ascending by key, as they are stored; few at a time in memory.

    `adjust` is for daily bars: "hfq" multiplies prices by the factor of their day, "qfq" divides that by the
    last factor stored of the symbol. A bar whose factor is not stored has no adjusted prices (None).
    """
    names = [field.name for field in dataset.fields] + (["rest"] if dataset.rest else [])
    rows = _selected(dataset, start, end, symbols).order_by(*dataset.key).values_list(*names)
    if adjust == "none":
        return rows.iterator(chunk_size=CHUNK)
    return _adjusted(names, rows.iterator(chunk_size=CHUNK), adjust)


def _selected(
    dataset: Dataset, start: date | None, end: date | None, symbols: tuple[str, ...] | None
) -> QuerySet[Any, Any]:
    rows = dataset.model._default_manager.all()
    if dataset.date_column in dataset.columns:
        rows = rows.filter(**{f"{dataset.date_column}__gte": start}) if start else rows
        rows = rows.filter(**{f"{dataset.date_column}__lte": end}) if end else rows
    return rows.filter(symbol__in=symbols) if symbols is not None and "symbol" in dataset.columns else rows


def _adjusted(names: list[str], rows: Iterator[tuple[Any, ...]], adjust: Adjust) -> Iterator[tuple[Any, ...]]:
    prices = [names.index(name) for name in PRICES]
    close, pre_close, change = (names.index(name) for name in ("close", "pre_close", "change"))
    symbol_now, factors, last = "", {}, 1.0
    for row in rows:
        symbol, day = row[0], row[1]
        if symbol != symbol_now:
            symbol_now, factors = symbol, factors_of(symbol)
            last = factors[max(factors)] if factors and adjust == "qfq" else 1.0
        factor = factors.get(day)
        values = list(row)
        for at in prices:
            values[at] = values[at] * factor / last if factor is not None and values[at] is not None else None
        moved = values[close] is not None and values[pre_close] is not None
        values[change] = values[close] - values[pre_close] if moved else None
        yield tuple(values)


def factors_of(symbol: str) -> dict[date, float]:
    """The adjustment factors of a symbol by day, ascending."""
    found = AdjFactor.objects.filter(symbol=symbol, adj_factor__isnull=False).order_by("trade_date")
    return {day: factor for day, factor in found.values_list("trade_date", "adj_factor") if factor is not None}
