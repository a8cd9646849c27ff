"""Bars of the whole market: whole, in pieces, or in pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from math import ceil

from market_data.frames import pa, pc
from market_data.models import MovedCode
from market_data.queries.bars import Asked, bars_table, finished
from market_data.queries.columns import Question, read_table
from market_data.queries.moved import all_codes, current_symbols, one_series
from market_data.queries.stored import stored_pieces, stored_table
from market_data.queries.streams import FactorStream, by_symbols

DAYS_AT_ONCE = 31
_DAYS_OF_ALL_TIME = 12_000
_CALENDAR_DAYS = {"daily": 1.4, "weekly": 7.0, "monthly": 30.0}


def bars_pieces(symbols: Sequence[str] | None, asked: Asked) -> Iterator[pa.Table]:
    """What `bars_table` gives, in pieces of whole symbols, some hundred thousand rows at a time in memory."""
    if symbols is not None:
        for symbol in current_symbols(symbols):
            yield _finished_of([symbol], asked)
        return
    waiting = _moved_stocks(asked)
    moved = pa.array(all_codes(waiting["symbol"].unique().to_pylist()), pa.string())
    factors = FactorStream(asked.days_of(None)) if asked.adjust != "none" and asked.frequency == "daily" else None
    for piece in by_symbols(stored_pieces(asked.days_of(None))):
        last = piece["symbol"][-1]
        comes = pc.less_equal(waiting["symbol"], last)
        days = one_series(
            pa.concat_tables([piece.filter(pc.invert(pc.is_in(piece["symbol"], moved))), waiting.filter(comes)])
        )
        waiting = waiting.filter(pc.invert(comes))
        yield finished(days, asked, pc.unique(days["symbol"]).to_pylist(), factors.of(days) if factors else None)
    if waiting.num_rows:
        yield finished(waiting, asked, pc.unique(waiting["symbol"]).to_pylist())


def _moved_stocks(asked: Asked) -> pa.Table:
    """The bars of stocks that have two codes, which lie apart where the rows are stored; a few hundred stocks."""
    pairs = MovedCode.objects.values_list("old_symbol", "new_symbol")
    return one_series(stored_table(asked.days_of(sorted({code for pair in pairs for code in pair}))))


def _finished_of(symbols: list[str], asked: Asked) -> pa.Table:
    return finished(one_series(stored_table(asked.days_of(all_codes(symbols)))), asked, symbols)


def bars_page(
    symbols: Sequence[str] | None, asked: Asked, limit: int, after: tuple[str, date] | None = None
) -> pa.Table:
    """The first bars behind a symbol and its day, in the order of `bars_table`: up to `limit` and one more."""
    found: list[pa.Table] = []
    for table in _in_turn(symbols, asked, limit, after[0] if after else ""):
        if after:
            of_symbol = pc.equal(table["symbol"], after[0])
            rest = pc.and_(of_symbol, pc.greater(table["trade_date"], after[1]))
            table = table.filter(pc.or_(rest, pc.greater(table["symbol"], after[0])))
        found.append(table)
        if sum(one.num_rows for one in found) > limit:
            break
    empty = finished(one_series(stored_table(asked.days_of([]))), asked, []) if not found else found[0].slice(0, 0)
    return pa.concat_tables([empty, *found]).slice(0, limit + 1)


def _in_turn(symbols: Sequence[str] | None, asked: Asked, limit: int, begin: str) -> Iterator[pa.Table]:
    first, last = asked.first, asked.last
    days = (last - first).days + 1 if first and last else _DAYS_OF_ALL_TIME
    if symbols is None and days <= DAYS_AT_ONCE:
        yield bars_table(None, asked.start, asked.end, asked.adjust, asked.frequency, adjust_to=asked.adjust_to)
        return
    codes = market_symbols() if symbols is None else current_symbols(symbols)
    codes = [code for code in codes if code >= begin]
    at_once = ceil((limit + 1) * _CALENDAR_DAYS[asked.frequency] / days)
    for at in range(0, len(codes), at_once):
        yield _finished_of(codes[at : at + at_once], asked)


def market_symbols() -> list[str]:
    """The stocks that have bars, under present codes, ascending; found by jumping through the index."""
    sql = """
        WITH RECURSIVE steps (symbol) AS (
            SELECT min(symbol) FROM daily
            UNION ALL
            SELECT (SELECT min(d.symbol) FROM daily d WHERE d.symbol > steps.symbol)
            FROM steps WHERE steps.symbol IS NOT NULL
        )
        SELECT symbol FROM steps WHERE symbol IS NOT NULL
    """
    schema = pa.schema([("symbol", pa.string())])
    return current_symbols(read_table(Question(sql, (), schema))["symbol"].to_pylist())
