"""Prices adjusted for dividends and splits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from market_data.frames import np, pa, pc
from market_data.models import AdjFactor
from market_data.queries.moved import codes_of
from market_data.queries.ordering import Keys, Numbers, floats, keys_of, known, starts_of

Adjust = Literal["none", "qfq", "hfq"]
PRICES = ("open", "high", "low", "close", "pre_close")
FILLED = "factor_filled"
FEWEST_DECIMALS, MOST_DECIMALS = 2, 4
_NOISE = 1e-9


@dataclass(frozen=True)
class Factors:
    """What the bars of a table are adjusted with.

    `rows` are factors by symbol and day, ascending, of the days of the table and, where a stock's first bar needs it,
    of the day before that has one. `references` are the factors that "qfq" divides by, one of a symbol.
    """

    rows: pa.Table
    references: pa.Table


def adjusted(bars: pa.Table, factors: Factors, adjust: Adjust) -> pa.Table:
    """Daily bars, ascending by symbol and day, with adjusted prices and a last column `factor_filled`.

    "hfq" multiplies prices by the factor of their day, "qfq" divides that by the reference factor. A bar whose factor
    is not stored takes the one before it and is marked; without any before it, it has no adjusted prices.
    """
    keys = keys_of(bars)
    found, filled = factor_of_each(keys, factors.rows)
    if adjust == "qfq":
        found = found / references_of_each(keys, factors.references)
    values = {name: floats(bars[name]) * found for name in PRICES}
    values["change"] = values["close"] - values["pre_close"]
    for name, numbers in values.items():
        bars = bars.set_column(bars.column_names.index(name), name, known(numbers))
    return bars.append_column(FILLED, pa.array(filled))


def factor_of_each(keys: Keys, factors: pa.Table) -> tuple[Numbers, Numbers]:
    """The last factor of each key's symbol up to its day, NaN where there is none; and whether it is of an earlier
    day."""
    if not factors.num_rows:
        return np.full(len(keys.days), np.nan), np.zeros(len(keys.days), dtype=bool)
    wanted, there = keys.joined, keys_of(factors, keys.symbols)
    numbers, values = there.joined, floats(factors["adj_factor"])
    if len(numbers) == len(wanted) and (numbers == wanted).all():
        return values, np.zeros(len(wanted), dtype=bool)
    at = np.maximum(np.searchsorted(numbers, wanted, side="right") - 1, 0)
    same_symbol = there.places[at] == keys.places
    same_symbol &= numbers[at] <= wanted
    return np.where(same_symbol, values[at], np.nan), same_symbol & (numbers[at] != wanted)


def references_of_each(keys: Keys, references: pa.Table) -> Numbers:
    """The reference factor of each key's symbol; NaN where there is none."""
    by_place = np.full(len(keys.symbols), np.nan)
    if references.num_rows:
        places = np.asarray(pc.fill_null(pc.index_in(references["symbol"], keys.symbols), -1).to_numpy())
        wanted = places >= 0
        by_place[places[wanted]] = floats(references["adj_factor"])[wanted]
    return by_place[keys.places] if len(keys.places) else by_place[:0]


def rounded(bars: pa.Table, stored: pa.Table) -> pa.Table:
    """Adjusted bars, ascending by symbol, with as many decimals as the stored prices of their symbol have: 2 to 4."""
    decimals = _decimals_of(stored)
    for name in (*PRICES, "change"):
        values = floats(bars[name])
        for digits in np.unique(decimals):
            values = np.where(decimals == digits, np.round(values, digits), values)
        bars = bars.set_column(bars.column_names.index(name), name, known(values))
    return bars


def _decimals_of(stored: pa.Table) -> Numbers:
    """For each row how many decimals the prices of its symbol have."""
    places = keys_of(stored).places
    starts = starts_of(places)
    decimals = np.full(len(places), MOST_DECIMALS)
    runs = np.diff(np.append(starts, len(places)))
    for digits in range(MOST_DECIMALS - 1, FEWEST_DECIMALS - 1, -1):
        fits = np.ones(len(places), dtype=bool)
        for name in PRICES:
            values = floats(stored[name])
            fits &= ~(np.abs(values - np.round(values, digits)) > _NOISE)
        decimals[np.repeat(np.logical_and.reduceat(fits, starts), runs)] = digits
    return decimals


def without_factor(keys: Keys, factors: pa.Table) -> list[str]:
    """The symbols of which the first key has no factor up to its day."""
    found, _ = factor_of_each(keys, factors)
    lacking = np.unique(keys.places[np.isnan(found)])
    symbols: list[str] = keys.symbols.take(pa.array(lacking)).to_pylist()
    return symbols


def factors_of(symbol: str) -> dict[date, float]:
    """The adjustment factors of a stock by day, ascending, whichever of its codes they are stored under."""
    factors: dict[date, float] = {}
    for code in codes_of(symbol):
        found = AdjFactor.objects.filter(symbol=code, adj_factor__isnull=False)
        factors |= {day: factor for day, factor in found.values_list("trade_date", "adj_factor") if factor is not None}
    return dict(sorted(factors.items()))
