"""Who should have a row on which day, as SQL and as numbers: a trading day, or the end of a quarter for reports."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection

from market_data.datasets import EXCHANGE, Dataset, Rhythm
from market_data.datasets.quarters import deadline, quarter_ends
from market_data.engine.ledger import history
from market_data.frames import np
from market_data.models import Security, TradingDay

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A day is expected from the list date up to, and without, the delisting date; a report, of who is still listed when
# it is due. A suspension with a timing is a halt within the day: such a day has a bar. `d` is the day and `until`
# when that is due, `s` the security.
_LISTED = "s.list_date <= d.trade_date AND (s.delist_date IS NULL OR s.delist_date > d.until)"
_SUSPENDED = (
    "SELECT 1 FROM suspend_d x WHERE x.symbol = s.symbol AND x.trade_date = d.trade_date "
    "AND x.suspend_type = 'S' AND x.suspend_timing = ''"
)
LONGEST_HOLIDAY = timedelta(days=15)
_SESSIONS = (
    "(SELECT trade_date, trade_date AS until FROM trade_cal "
    "WHERE exchange = %s AND is_open AND trade_date BETWEEN %s AND %s) d"
)


def as_parameter(value: Any) -> Any:
    """A date as the database's raw SQL takes it."""
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value


def date_place() -> str:
    """A place for a date in raw SQL where the database cannot tell the type by itself."""
    return "%s::date" if connection.vendor == "postgresql" else "%s"


def as_date(value: Any) -> date:
    """A date as raw SQL gives it."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def open_days(start: date, end: date) -> list[date]:
    """The trading days from `start` to `end`, ascending."""
    days = TradingDay.objects.filter(exchange=EXCHANGE, is_open=True, trade_date__range=(start, end))
    return list(days.order_by("trade_date").values_list("trade_date", flat=True))


def latest_session(today: date) -> date:
    """The last trading day until today; today where the calendar knows of none since before the longest holiday."""
    return max(open_days(today - LONGEST_HOLIDAY, today), default=today)


def closed_days(dataset: Dataset, start: date, end: date) -> frozenset[date]:
    """The days from `start` to `end` of which the calendar says that nobody trades."""
    if dataset.rhythm == Rhythm.QUARTERS:
        return frozenset()
    days = TradingDay.objects.filter(exchange=EXCHANGE, is_open=False, trade_date__range=(start, end))
    return frozenset(days.values_list("trade_date", flat=True))


def unknown_weekdays(start: date, end: date) -> list[date]:
    """The weekdays from `start` to `end` that the calendar does not know, ascending: it has a hole, or ends before.

    Days before its first one are not among them; all weekdays are where there is no calendar.
    """
    known = TradingDay.objects.filter(exchange=EXCHANGE)
    first = known.order_by("trade_date").values_list("trade_date", flat=True).first()
    start = max(start, first) if first else start
    days = set(known.filter(trade_date__range=(start, end)).values_list("trade_date", flat=True))
    span = ((start + timedelta(days=n)) for n in range((end - start).days + 1))
    return [day for day in span if day.weekday() < 5 and day not in days]


def days_of(dataset: Dataset, start: date, end: date) -> list[date]:
    """The days from `start` to `end` that are partitions of the dataset, ascending: its source has none before its
    first one."""
    first = history.first_day(dataset)
    start = max(start, first) if first else start
    return quarter_ends(start, end) if dataset.rhythm == Rhythm.QUARTERS else open_days(start, end)


def due_dates(dataset: Dataset, days: list[date]) -> list[date]:
    """For each day, the date on which a security must still be listed for its row to be expected."""
    return [deadline(day) for day in days] if dataset.rhythm == Rhythm.QUARTERS else days


def missing_cells(
    dataset: Dataset, start: date, end: date, symbols: list[str] | None = None, limit: int | None = None
) -> list[tuple[str, date]]:
    """(symbol, day) from `start` to `end` that should have a row and have none, settled or not; of those the first
    `limit`, newest day first."""
    days, parameters = _days(dataset, start, end)
    wanted = f" AND s.symbol IN ({_places(symbols)})" if symbols is not None else ""
    sql = (
        f"SELECT s.symbol, d.trade_date FROM {days} JOIN stock_basic s ON {_LISTED}{wanted} "
        f"WHERE {_is_active(dataset)} AND NOT EXISTS ("
        f"SELECT 1 FROM {dataset.table} b WHERE b.symbol = s.symbol AND b.{dataset.date_column} = d.trade_date)"
    )
    if limit is not None:
        sql += f" ORDER BY d.trade_date DESC, s.symbol LIMIT {limit:d}"
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, *(symbols or [])])
        return [(symbol, as_date(day)) for symbol, day in cursor.fetchall()]


def count_expected(dataset: Dataset, symbols: list[str], start: date, end: date) -> dict[date, int]:
    """How many of these symbols should have a row, by day."""
    days, parameters = _days(dataset, start, end)
    sql = (
        f"SELECT d.trade_date, count(*) FROM {days} JOIN stock_basic s ON {_LISTED} "
        f"AND s.symbol IN ({_places(symbols)}) WHERE {_is_active(dataset)} GROUP BY d.trade_date"
    )
    return _by_day(sql, [*parameters, *symbols])


def count_stored(dataset: Dataset, start: date, end: date) -> dict[date, int]:
    """How many of the expected symbols have a row, by day."""
    if dataset.rhythm == Rhythm.QUARTERS:
        return _count_reports(dataset, start, end)
    # To look each row's suspension up would take most of the time; few have one.
    span = [as_parameter(start), as_parameter(end)]
    stored = _by_day(f"SELECT b.trade_date, count(*) {_listed_rows(dataset)} GROUP BY b.trade_date", span)
    for day, count in _by_day(
        f"SELECT x.trade_date, count(DISTINCT x.symbol) FROM suspend_d x "
        f"JOIN {dataset.table} b ON b.symbol = x.symbol AND b.{dataset.date_column} = x.trade_date "
        f"JOIN stock_basic s ON s.symbol = x.symbol AND {_listed_on('x')} "
        f"WHERE x.trade_date BETWEEN %s AND %s AND x.suspend_type = 'S' AND x.suspend_timing = '' "
        f"GROUP BY x.trade_date",
        span,
    ).items():
        stored[day] -= count
    return stored


def _listed_rows(dataset: Dataset) -> str:
    """The rows `b` of a span of days whose symbol is listed. SQLite walks through the symbols' own rows, which it finds
    in an index alone."""
    join = "JOIN" if connection.vendor == "postgresql" else "CROSS JOIN"
    return (
        f"FROM stock_basic s {join} {dataset.table} b ON b.symbol = s.symbol AND {_listed_on('b')} "
        f"WHERE b.{dataset.date_column} BETWEEN %s AND %s"
    )


def _listed_on(row: str) -> str:
    return f"s.list_date <= {row}.trade_date AND (s.delist_date IS NULL OR s.delist_date > {row}.trade_date)"


def _count_reports(dataset: Dataset, start: date, end: date) -> dict[date, int]:
    days, parameters = _days(dataset, start, end)
    rows = "count(DISTINCT b.symbol)" if dataset.keeps_versions else "count(*)"
    sql = (
        f"SELECT d.trade_date, {rows} FROM {days} JOIN {dataset.table} b ON b.{dataset.date_column} = d.trade_date "
        f"JOIN stock_basic s ON s.symbol = b.symbol AND {_LISTED} "
        f"WHERE b.{dataset.date_column} BETWEEN %s AND %s GROUP BY d.trade_date"
    )
    return _by_day(sql, [*parameters, as_parameter(start), as_parameter(end)])


def count_suspended(dataset: Dataset, start: date, end: date) -> dict[date, int]:
    """How many listed symbols are suspended for the whole day, by day. Reports know no suspensions."""
    if dataset.rhythm == Rhythm.QUARTERS:
        return {}
    days, parameters = _days(dataset, start, end)
    sql = (
        f"SELECT d.trade_date, count(DISTINCT x.symbol) FROM {days} JOIN suspend_d x ON x.trade_date = d.trade_date "
        f"JOIN stock_basic s ON s.symbol = x.symbol AND {_LISTED} "
        f"WHERE x.trade_date BETWEEN %s AND %s AND x.suspend_type = 'S' AND x.suspend_timing = '' "
        f"GROUP BY d.trade_date"
    )
    return _by_day(sql, [*parameters, as_parameter(start), as_parameter(end)])


def count_cells(dataset: Dataset, start: date, end: date) -> dict[date, tuple[int, int]]:
    """How many expected cells came with no answer so far, and how many of them the source has confirmed not to have,
    by day."""
    days, parameters = _days(dataset, start, end)
    sql = (
        f"SELECT d.trade_date, count(*), count(CASE WHEN c.absent THEN 1 END) "
        f"FROM {days} JOIN coverage_cells c ON c.trade_date = d.trade_date "
        f"JOIN stock_basic s ON s.symbol = c.symbol AND {_LISTED} "
        f"WHERE c.dataset = %s AND {_is_active(dataset)} GROUP BY d.trade_date"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*parameters, dataset.name])
        return {as_date(day): (noted, absent) for day, noted, absent in cursor.fetchall()}


def count_listed(dataset: Dataset, days: list[date]) -> NDArray[np.int64]:
    """How many symbols are listed, for each of the ascending days."""
    securities = Security.objects.exclude(list_date=None).values_list("list_date", "delist_date")
    spans = [(start, end) for start, end in securities if start]
    first = np.searchsorted(_as_days(days), _as_days([a for a, _ in spans]))
    gone = np.searchsorted(_as_days(due_dates(dataset, days)), _as_days([b or date.max for _, b in spans]))
    # Who is gone before being listed is never there.
    arrivals, departures = (
        np.bincount(at, minlength=len(days) + 1)[: len(days)] for at in (first, np.maximum(first, gone))
    )
    return np.cumsum(arrivals - departures)


def _as_days(days: list[date]) -> NDArray[np.datetime64]:
    return np.array(days, dtype="datetime64[D]")


def _days(dataset: Dataset, start: date, end: date) -> tuple[str, list[Any]]:
    """The dataset's days as a table `d` of (trade_date, until), with its parameters."""
    quarters = quarter_ends(start, end) if dataset.rhythm == Rhythm.QUARTERS else []
    if not quarters:
        exchange = EXCHANGE if dataset.rhythm == Rhythm.SESSIONS else None
        return _SESSIONS, [exchange, as_parameter(start), as_parameter(end)]
    place = date_place()
    rows = " UNION ALL ".join([f"SELECT {place} AS trade_date, {place} AS until"] * len(quarters))
    return f"({rows}) d", [as_parameter(day) for quarter in quarters for day in (quarter, deadline(quarter))]


def _is_active(dataset: Dataset) -> str:
    return "true" if dataset.rhythm == Rhythm.QUARTERS else f"NOT EXISTS ({_SUSPENDED})"


def _places(values: list[str]) -> str:
    return ", ".join(["%s"] * len(values))


def _by_day(sql: str, parameters: list[Any]) -> dict[date, int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {as_date(day): count for day, count in cursor.fetchall()}
