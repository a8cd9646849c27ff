"""Days on which a stock cannot have traded, as the bars around them prove: nothing needs to be asked of those.

Had a bar been lost between two whose chain holds, its close would have been that of the bar before it. Of a stock whose
price moves by much more than a cent a day this is unlikely.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date

from market_data.datasets import EXCHANGE
from market_data.engine.audit.links import FACTOR_DECIMAL
from market_data.engine.audit.rules import CENT
from market_data.engine.audit.scope import Scope, stream, text_order
from market_data.engine.ledger.expectations import as_date, open_days

CHANCE = 0.02
"""Of an unchanged close, as the mean move of the bars around has it. Of the bars of published history for which it is
that small, 1 in 91 had one all the same."""
BARS_AROUND, BARS_NEEDED = 10, 11

_STEP = "coalesce(before_factor / factor, 1)"
_ALLOWED = (
    f"CASE WHEN factor <> before_factor "
    f"THEN {CENT} + pre_close * {FACTOR_DECIMAL / 2} * (1 / factor + 1 / before_factor) ELSE {CENT} END"
)


def conclusive_cells(scope: Scope) -> Iterator[tuple[str, date]]:
    """(symbol, day) of the window without a bar between two bars whose chain holds, of stocks that move; by stock.

    Needs bars within the window on both sides. Where only one of two neighbouring factors is stored nothing is proved.
    """
    sessions = open_days(scope.start or date.min, scope.end or date.max)
    for symbol, before, after in _holding_links(scope):
        for day in sessions[bisect_right(sessions, before) : bisect_left(sessions, after)]:
            yield symbol, day


def _holding_links(scope: Scope) -> Iterator[tuple[str, date, date]]:
    where, parameters = scope.where("t")
    of_stock = f"PARTITION BY t.symbol {text_order()} ORDER BY t.trade_date"
    pairs = {"number": "d.number", "day": "t.trade_date", "close": "t.close", "factor": "f.adj_factor"}
    before = ", ".join(f"lag({column}) OVER ({of_stock}) AS before_{name}" for name, column in pairs.items())
    around = f"OVER ({of_stock} ROWS BETWEEN {BARS_AROUND} PRECEDING AND {BARS_AROUND} FOLLOWING)"
    sql = (
        "WITH sessions AS (SELECT trade_date, row_number() OVER (ORDER BY trade_date) AS number FROM trade_cal "
        "WHERE exchange = %s AND is_open), "
        f"links AS (SELECT t.symbol, t.trade_date, t.pre_close, f.adj_factor AS factor, d.number, {before}, "
        f"avg(abs(t.close - t.pre_close)) {around} AS move, count(t.close) {around} AS known FROM daily t "
        "JOIN sessions d ON d.trade_date = t.trade_date "
        "LEFT JOIN adj_factor f ON f.symbol = t.symbol AND f.trade_date = t.trade_date "
        f"WHERE t.close > 0 AND {where}) "
        "SELECT symbol, before_day, trade_date FROM links WHERE number > before_number + 1 "
        f"AND known >= {BARS_NEEDED} AND (factor IS NULL) = (before_factor IS NULL) "
        f"AND abs(pre_close - before_close * {_STEP}) <= ({_ALLOWED}) AND move * {CHANCE} >= ({_ALLOWED})"
    )
    for symbol, day, after in stream(sql, [EXCHANGE, *parameters]):
        yield symbol, as_date(day), as_date(after)
