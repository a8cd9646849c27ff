"""Who should have a row on which day: listed on that day and not suspended, as SQL and as numbers."""

from datetime import date
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from market_data.datasets import EXCHANGE, Dataset
from market_data.models import Security, TradingDay

# A day is expected from the list date up to, and without, the delisting date. A suspension with a timing is a
# halt within the day: such a day has a bar. `d` is the trading day, `s` the security.
_LISTED = "s.list_date <= d.trade_date AND (s.delist_date IS NULL OR s.delist_date > d.trade_date)"
_SUSPENDED = (
    "SELECT 1 FROM suspend_d x WHERE x.symbol = s.symbol AND x.trade_date = d.trade_date "
    "AND x.suspend_type = 'S' AND x.suspend_timing = ''"
)


def as_parameter(value: Any) -> Any:
    """A date as the database's raw SQL takes it."""
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value


def as_date(value: Any) -> date:
    """A date as raw SQL gives it."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def open_days(start: date, end: date) -> list[date]:
    """The trading days from `start` to `end`, ascending."""
    days = TradingDay.objects.filter(exchange=EXCHANGE, is_open=True, trade_date__range=(start, end))
    return list(days.order_by("trade_date").values_list("trade_date", flat=True))


def missing_cells(dataset: Dataset, start: date, end: date, symbols: list[str] | None = None) -> list[tuple[str, date]]:
    """(symbol, day) from `start` to `end` that should have a row and have none, settled or not."""
    wanted = f" AND s.symbol IN ({_places(symbols)})" if symbols is not None else ""
    sql = (
        f"SELECT s.symbol, d.trade_date FROM trade_cal d JOIN stock_basic s ON {_LISTED} "
        f"WHERE d.exchange = %s AND d.is_open AND d.trade_date BETWEEN %s AND %s{wanted} "
        f"AND NOT EXISTS ({_SUSPENDED}) AND NOT EXISTS ("
        f"SELECT 1 FROM {dataset.table} b WHERE b.symbol = s.symbol AND b.trade_date = d.trade_date)"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [EXCHANGE, as_parameter(start), as_parameter(end), *(symbols or [])])
        return [(symbol, as_date(day)) for symbol, day in cursor.fetchall()]


def count_expected(symbols: list[str], start: date, end: date) -> dict[date, int]:
    """How many of these symbols should have a row, by day."""
    sql = (
        f"SELECT d.trade_date, count(*) FROM trade_cal d JOIN stock_basic s ON {_LISTED} "
        f"WHERE d.exchange = %s AND d.is_open AND d.trade_date BETWEEN %s AND %s "
        f"AND s.symbol IN ({_places(symbols)}) AND NOT EXISTS ({_SUSPENDED}) GROUP BY d.trade_date"
    )
    return _by_day(sql, [EXCHANGE, as_parameter(start), as_parameter(end), *symbols])


def count_stored(dataset: Dataset, start: date, end: date) -> dict[date, int]:
    """How many of the expected symbols have a row, by day."""
    sql = (
        f"SELECT d.trade_date, count(*) FROM {dataset.table} d JOIN stock_basic s ON s.symbol = d.symbol AND {_LISTED} "
        f"WHERE d.trade_date BETWEEN %s AND %s AND NOT EXISTS ({_SUSPENDED}) GROUP BY d.trade_date"
    )
    return _by_day(sql, [as_parameter(start), as_parameter(end)])


def count_suspended(start: date, end: date) -> dict[date, int]:
    """How many listed symbols are suspended for the whole day, by day."""
    sql = (
        f"SELECT d.trade_date, count(DISTINCT d.symbol) FROM suspend_d d "
        f"JOIN stock_basic s ON s.symbol = d.symbol AND {_LISTED} "
        f"WHERE d.trade_date BETWEEN %s AND %s AND d.suspend_type = 'S' AND d.suspend_timing = '' "
        f"GROUP BY d.trade_date"
    )
    return _by_day(sql, [as_parameter(start), as_parameter(end)])


def count_absent(dataset: Dataset, start: date, end: date) -> dict[date, int]:
    """How many expected cells the source has confirmed not to have, by day."""
    sql = (
        f"SELECT d.trade_date, count(*) FROM coverage_cells d JOIN stock_basic s ON s.symbol = d.symbol AND {_LISTED} "
        f"WHERE d.dataset = %s AND d.absent AND d.trade_date BETWEEN %s AND %s AND NOT EXISTS ({_SUSPENDED}) "
        f"GROUP BY d.trade_date"
    )
    return _by_day(sql, [dataset.name, as_parameter(start), as_parameter(end)])


def count_listed(days: list[date]) -> NDArray[np.int64]:
    """How many symbols are listed, for each of the ascending days."""
    securities = Security.objects.exclude(list_date=None).values_list("list_date", "delist_date")
    spans = [(start, end) for start, end in securities if start]
    moments = np.array(days, dtype="datetime64[D]")
    listed = np.sort(np.array([a for a, _ in spans], dtype="datetime64[D]"))
    gone = np.sort(np.array([max(a, b) for a, b in spans if b], dtype="datetime64[D]"))
    return np.searchsorted(listed, moments, side="right") - np.searchsorted(gone, moments, side="right")


def _places(values: list[str]) -> str:
    return ", ".join(["%s"] * len(values))


def _by_day(sql: str, parameters: list[Any]) -> dict[date, int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {as_date(day): count for day, count in cursor.fetchall()}
