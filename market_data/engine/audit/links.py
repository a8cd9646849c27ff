"""Bars in pairs: each with the one before it, and whether their prices fit together. Read in one pass, in order."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from market_data.engine.audit.bars import unlike_turnover
from market_data.engine.audit.rules import CENT
from market_data.engine.audit.scope import Scope, stream, text_order
from market_data.engine.ledger.expectations import as_date, as_parameter, date_place

Key = tuple[str, date]
PRICE_SHARE, PRICE_LEAST = 1e-4, 0.011
FACTOR_DECIMAL = 0.001
"""Factors are rounded, mostly to this: what a price should be across an ex-day is uncertain by as much."""


class Link(NamedTuple):
    """A bar and the one before it. Factors are None where none is stored."""

    symbol: str
    day: date
    pre_close: float
    factor: float | None
    before: date
    before_close: float
    before_factor: float | None

    @property
    def knows_factors(self) -> bool:
        return self.factor is not None and self.before_factor is not None

    @property
    def expected(self) -> float:
        """The previous close that the bar should have; without factors as if nothing had been paid out."""
        if self.factor is None or self.before_factor is None:
            return self.before_close
        return self.before_close * self.before_factor / self.factor

    def is_broken(self, *, over_days: bool) -> bool:
        """Whether the prices do not fit. `over_days`: there are sessions between the two.

        Over those, and without an ex-day, prices fit to the cent. Dividends of less than the factor can tell are only
        forgiven to neighbours: the more exact a link is, the more lost bars it shows.
        """
        allowed = max(PRICE_LEAST, PRICE_SHARE * self.pre_close)
        if self.factor is not None and self.before_factor is not None:
            if self.factor != self.before_factor:
                allowed += self.pre_close * FACTOR_DECIMAL / 2 * (1 / self.factor + 1 / self.before_factor)
            elif over_days:
                allowed = CENT
        return abs(self.pre_close - self.expected) > allowed


_BAR = (
    "SELECT t.symbol {order} AS symbol, t.trade_date, t.pre_close, t.close, f.adj_factor AS factor FROM daily t "
    "LEFT JOIN adj_factor f ON f.symbol = t.symbol AND f.trade_date = t.trade_date"
)
_LINK = (
    "symbol, trade_date, pre_close, factor, "
    "lag(trade_date) OVER w AS before, lag(close) OVER w AS before_close, lag(factor) OVER w AS before_factor"
)
_STEP = "CASE WHEN factor > 0 AND before_factor > 0 THEN before_factor / factor ELSE 1 END"
_DOUBTFUL = f"abs(pre_close - before_close * {_STEP}) > {CENT} OR (factor IS NULL) <> (before_factor IS NULL)"


def doubtful_links(scope: Scope) -> Iterator[Link]:
    """The links of the window whose prices do not fit to the cent, or of which one end has no factor.

    Those that `is_broken` are among them. The bar before the first one of the window is read too.
    """
    bars, parameters = _bars(scope)
    sql = (
        f"SELECT * FROM (SELECT {_LINK} FROM ({bars}) bars "
        "WINDOW w AS (PARTITION BY symbol ORDER BY trade_date)) links "
        f"WHERE before IS NOT NULL AND pre_close > 0 AND ({_DOUBTFUL})"
    )
    for row in stream(sql, parameters):
        link = Link._make(row)
        yield link._replace(day=as_date(link.day), before=as_date(link.before))


def _bars(scope: Scope) -> tuple[str, list[Any]]:
    where, parameters = scope.where("t")
    bar = _BAR.format(order=text_order())
    inside = f"{bar} WHERE t.close > 0 AND {where}"
    if scope.start is None:
        return inside, parameters
    of_symbols, names = Scope(symbols=scope.symbols).where("s")
    last = "(SELECT max(trade_date) FROM daily o WHERE o.symbol = s.symbol AND o.trade_date < %s)"
    before = f"{bar} JOIN stock_basic s ON s.symbol = t.symbol AND t.trade_date = {last}"
    sql = f"{inside} UNION ALL {before} WHERE t.close > 0 AND {of_symbols}"
    return sql, [*parameters, as_parameter(scope.start), *names]


def unsound_bars(keys: Collection[Key]) -> set[Key]:
    """Of these (symbol, day), the bars that contradict themselves: their own change, or their turnover."""
    if not keys:
        return set()
    some = ", ".join([f"(%s, {date_place()})"] * len(keys))
    sql = (
        f"SELECT t.symbol, t.trade_date FROM daily t WHERE (t.symbol, t.trade_date) IN (VALUES {some}) "
        f"AND (abs(t.change - (t.close - t.pre_close)) > {CENT} OR {unlike_turnover('t')})"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for symbol, day in keys for value in (symbol, as_parameter(day))])
        return {(symbol, as_date(day)) for symbol, day in cursor.fetchall()}
