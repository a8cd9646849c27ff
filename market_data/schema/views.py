"""Views for SQL and for tools that draw: bars with adjusted prices, under plain names."""

from collections.abc import Iterator

from django.db import connection

_PRICES = ("open", "high", "low", "close", "pre_close")
_COMMENTS = {
    "symbol": "Such as 600000.SH, as it is stored.",
    "trade_date": "The trading day.",
    **dict.fromkeys(_PRICES, "Yuan, adjusted for dividends and splits; empty before the first factor."),
    "change": "close less pre_close.",
    "pct_chg": "Percent, as the provider gave it.",
    "volume": "Shares, not adjusted.",
    "amount": "Yuan, not adjusted.",
    "factor_filled": "True where the factor of the day is not stored and the one before it was taken.",
}
VIEWS = {
    "bars_qfq": "Daily bars, forward adjusted: prices are as on the last stored bar of each stock.",
    "bars_hfq": "Daily bars, backward adjusted: prices are as before the first dividend.",
}
_FACTOR = (
    "SELECT f.adj_factor FROM adj_factor f WHERE f.symbol = {symbol} AND f.trade_date <= {day} "
    "AND f.adj_factor IS NOT NULL ORDER BY f.trade_date DESC LIMIT 1"
)
_LAST_DAY = "(SELECT max(l.trade_date) FROM daily l WHERE l.symbol = d.symbol)"


def install() -> None:
    """Make the views anew."""
    remove()
    if not {"daily", "adj_factor"}.issubset(connection.introspection.table_names()):
        return
    with connection.cursor() as cursor:
        for statement in _statements():
            cursor.execute(statement)


def remove() -> None:
    """Tables that a view reads cannot be altered while it is there."""
    with connection.cursor() as cursor:
        for name in VIEWS:
            cursor.execute(f"DROP VIEW IF EXISTS {name}")


def _statements() -> Iterator[str]:
    for name, comment in VIEWS.items():
        yield _view(name)
        if connection.vendor == "postgresql":
            yield f"COMMENT ON VIEW {name} IS '{comment}'"
            for column, meaning in _COMMENTS.items():
                yield f"COMMENT ON COLUMN {name}.\"{column}\" IS '{meaning}'"


def _view(name: str) -> str:
    """A factor that is not stored is looked for further back only where it is not."""
    before = _FACTOR.format(symbol="d.symbol", day="d.trade_date")
    reference = _FACTOR.format(symbol="d.symbol", day=_LAST_DAY)
    join, divided = "", ""
    if name == "bars_qfq" and connection.vendor == "postgresql":
        # Looked up once for each row, and remembered for each symbol.
        join, divided = f"LEFT JOIN LATERAL ({reference}) AS reference ON true", " / reference.adj_factor"
    elif name == "bars_qfq":
        divided = f" / ({reference})"
    prices = ", ".join(f'"{price}" * factor AS "{price}"' for price in _PRICES)
    return (
        f"CREATE VIEW {name} AS SELECT symbol, trade_date, {prices}, (close - pre_close) * factor AS change, pct_chg, "
        f"volume, amount, factor IS NOT NULL AND NOT has_factor AS factor_filled FROM ("
        f"SELECT d.*, coalesce(f.adj_factor, ({before})){divided} AS factor, f.adj_factor IS NOT NULL AS has_factor "
        f"FROM daily d LEFT JOIN adj_factor f ON f.symbol = d.symbol AND f.trade_date = d.trade_date {join}) AS joined"
    )
