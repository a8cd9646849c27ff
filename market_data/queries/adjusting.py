"""Prices adjusted for dividends and splits."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Literal

from market_data.models import AdjFactor
from market_data.queries.moved import codes_of

Adjust = Literal["none", "qfq", "hfq"]
PRICES = ("open", "high", "low", "close", "pre_close")


def adjusted(names: Sequence[str], rows: Iterable[tuple[Any, ...]], adjust: Adjust) -> Iterator[tuple[Any, ...]]:
    """Daily bars, ascending by symbol and day, with adjusted prices; `names` are their columns, symbol and day first.

    "hfq" multiplies prices by the factor of their day, "qfq" divides that by the last factor stored of the stock. A
    bar whose factor is not stored has no adjusted prices (None).
    """
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
    """The adjustment factors of a stock by day, ascending, whichever of its codes they are stored under."""
    factors: dict[date, float] = {}
    for code in codes_of(symbol):
        found = AdjFactor.objects.filter(symbol=code, adj_factor__isnull=False)
        factors |= {day: factor for day, factor in found.values_list("trade_date", "adj_factor") if factor is not None}
    return dict(sorted(factors.items()))
