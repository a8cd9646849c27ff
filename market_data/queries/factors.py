"""The factors that the bars of a table are adjusted with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache

from django.db import connection

from market_data.datasets import DATASETS
from market_data.frames import np, pa, pc
from market_data.queries.adjusting import Factors, without_factor
from market_data.queries.columns import Question, read_table
from market_data.queries.moved import all_codes, one_series
from market_data.queries.ordering import keys_of
from market_data.queries.stored import stored_table
from market_data.queries.versions import versions_of
from market_data.queries.wanted import Wanted


@cache
def _rows() -> pa.Schema:
    return pa.schema({"symbol": pa.string(), "trade_date": pa.date32(), "adj_factor": pa.float64()})


FEW, MANY = 10, 100
_LAST_BAR = "(SELECT max(d.trade_date) FROM daily d WHERE d.symbol = asked.symbol)"


def factors_for(
    bars: pa.Table,
    symbols: Sequence[str] | None,
    *,
    adjust_to: date | None,
    references: bool,
    rows: pa.Table | None = None,
) -> Factors:
    """The factors of the days of these bars. `symbols` are those that were asked for, None for the whole market;
    `rows` the stored factors of these days, where they have been read already.

    The reference is the factor on the day `adjust_to`, or on the day of the symbol's last stored bar; where that day
    has none, the one before it.
    """
    if not bars.num_rows:
        return Factors(_rows().empty_table(), _rows().empty_table())
    keys = keys_of(bars)
    first, last = (date(1970, 1, 1) + timedelta(days=int(edge)) for edge in (keys.days.min(), keys.days.max()))
    if rows is None:
        codes = None if symbols is None else all_codes(symbols)
        rows = one_series(stored_table(Wanted(DATASETS["adj_factor"], first, last, codes)))
    rows = _without_nulls(rows)
    lacking = without_factor(keys, rows)
    if lacking:
        rows = one_series(pa.concat_tables([last_factors(lacking, first), rows]))
    if not references:
        return Factors(rows, _rows().empty_table())
    asked = keys.symbols.to_pylist()
    return Factors(rows, last_factors(asked, adjust_to) if adjust_to else references_of(asked))


_remembered: tuple[str, dict[str, float | None]] = ("", {})
"""The references that were looked up while the rows behind them had this version."""


def references_of(symbols: Sequence[str]) -> pa.Table:
    """The factor of each symbol on the day of its last stored bar, as `last_factors` has it; no row for none.

    Those of many symbols are remembered: whether they still hold is one question too.
    """
    global _remembered
    if len(symbols) <= FEW:
        return last_factors(symbols, None)
    seen = versions_of(["daily", "adj_factor", "bse_mapping"])
    version = " ".join(found.within(None, None) for found in seen.values())
    references = _remembered[1] if version.strip() and version == _remembered[0] else {}
    unknown = [symbol for symbol in symbols if symbol not in references]
    if unknown:
        found = _looked_up(unknown)
        references = references | dict.fromkeys(unknown) | found
        _remembered = (version, references)
    factors = [references[symbol] for symbol in symbols]
    table = pa.table({"symbol": pa.array(symbols, pa.string()), "adj_factor": pa.array(factors, pa.float64())})
    return table.filter(pc.is_valid(table["adj_factor"]))


def _looked_up(symbols: Sequence[str]) -> dict[str, float]:
    """Most stocks of a whole market had their last bar on its last day: those are found in one go."""
    found: dict[str, float] = {}
    if len(symbols) > MANY:
        sql = (
            "SELECT d.symbol, f.trade_date, f.adj_factor FROM daily d JOIN adj_factor f USING (symbol, trade_date) "
            "WHERE d.trade_date = (SELECT max(trade_date) FROM daily) AND f.adj_factor IS NOT NULL"
        )
        found = _as_dict(one_series(read_table(Question(sql, (), _rows()))))
    return found | _as_dict(last_factors([symbol for symbol in symbols if symbol not in found], None))


def _as_dict(factors: pa.Table) -> dict[str, float]:
    return dict(zip(factors["symbol"].to_pylist(), factors["adj_factor"].to_pylist(), strict=True))


def last_factors(symbols: Sequence[str], until: date | None) -> pa.Table:
    """The last factor of each symbol up to a day, or up to its last bar; no row for a symbol that has none."""
    if not symbols:
        return _rows().empty_table()
    codes = all_codes(symbols)
    places = ", ".join(["(%s)"] * len(codes))
    until_day, days = (_LAST_BAR, []) if until is None else ("%s", [connection.ops.adapt_datefield_value(until)])
    sql = f"""
        WITH asked (symbol) AS (VALUES {places}),
        dated AS (
            SELECT symbol, (
                SELECT f.trade_date FROM adj_factor f
                WHERE f.symbol = asked.symbol AND f.adj_factor IS NOT NULL AND f.trade_date <= {until_day}
                ORDER BY f.trade_date DESC LIMIT 1
            ) AS trade_date FROM asked
        )
        SELECT f.symbol, f.trade_date, f.adj_factor FROM dated JOIN adj_factor f USING (symbol, trade_date)
    """
    found = one_series(read_table(Question(sql, [*codes, *days], _rows())))
    return _last_of_each(found)


def _without_nulls(rows: pa.Table) -> pa.Table:
    return rows.filter(pc.is_valid(rows["adj_factor"])) if rows["adj_factor"].null_count else rows


def _last_of_each(rows: pa.Table) -> pa.Table:
    places = keys_of(rows).places
    return rows.filter(pa.array(np.append(places[1:] != places[:-1], True)[: rows.num_rows]))
