"""Which days' expectations change with the rows of a dataset that others are measured by."""

from __future__ import annotations

from datetime import date

from market_data.frames import pa, pc
from market_data.models import Security

Span = tuple[date, date]


def span_of_rows(table: pa.Table) -> Span | None:
    """From the first to the last day that has a row."""
    if not table.num_rows:
        return None
    edges = pc.min_max(table["trade_date"]).as_py()
    return edges["min"], edges["max"]


def span_of_changed_listings(table: pa.Table) -> Span | None:
    """From the first day on which a stock's listing differs from what is known; asked before the rows are stored."""
    known = {s: (a, b) for s, a, b in Security.objects.values_list("symbol", "list_date", "delist_date")}
    days: list[date] = []
    columns = (table[name].to_pylist() for name in ("symbol", "list_date", "delist_date"))
    for symbol, *dates in zip(*columns, strict=True):
        before = known.get(symbol, (None, None))
        days += [d for a, b in zip(before, dates, strict=True) if a != b for d in (a, b) if d]
    return (min(days), date.max) if days else None
