"""Triggers that note which years of which tables a transaction changed: whoever changes them, by whatever way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from django.db import connection

from market_data.datasets import DATASETS

LARGEST_TOKEN = 1 << 40
_TABLE = "data_changes"
_FUNCTION = "note_data_change"
# PostgreSQL: one row for each year that a statement touched, and none where it changed nothing.
_BODY = f"""
CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    this_year int := extract(year FROM now() AT TIME ZONE 'Asia/Shanghai');
    days text := format('SELECT %s AS day FROM changed', TG_ARGV[0]);
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO {_TABLE} ("table", year, month, token)
        SELECT TG_TABLE_NAME, year, month, random() * {LARGEST_TOKEN} FROM {_TABLE}
        WHERE "table" = TG_TABLE_NAME GROUP BY year, month;
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        days := days || format(' UNION ALL SELECT %s FROM replaced', TG_ARGV[0]);
    END IF;
    EXECUTE format(
        'INSERT INTO {_TABLE} ("table", year, month, token) '
        'SELECT %L, year, month, random() * {LARGEST_TOKEN} FROM ('
        'SELECT DISTINCT coalesce(extract(year FROM day), 0)::int AS year, '
        'CASE WHEN extract(year FROM day) >= %s THEN extract(month FROM day)::int ELSE 0 END AS month '
        'FROM (SELECT DISTINCT day FROM (%s) AS touched) AS days) AS parts ORDER BY year, month',
        TG_TABLE_NAME, this_year, days
    );
    RETURN NULL;
END $$
"""
# SQLite: the part that stands for a table whose triggers are still; only the transaction that wrote it ever sees it.
_STILL = f'SELECT 1 FROM {_TABLE} WHERE year = 0 AND month = -1 AND "table" ='
_EVENTS = {
    "INSERT": "REFERENCING NEW TABLE AS changed",
    "UPDATE": "REFERENCING OLD TABLE AS replaced NEW TABLE AS changed",
    "DELETE": "REFERENCING OLD TABLE AS changed",
    "TRUNCATE": "",
}


def watched_tables() -> dict[str, str]:
    """The tables of the datasets, and the column of each that tells a row's year; "" where there is none."""
    there = connection.introspection.table_names()
    return {
        dataset.table: dataset.date_column if dataset.date_column in dataset.columns else ""
        for dataset in DATASETS.values()
        if {dataset.table, _TABLE}.issubset(there)
    }


def install() -> None:
    """Make the triggers anew; what is there is replaced."""
    statements = _for_postgresql if connection.vendor == "postgresql" else _for_sqlite
    with connection.cursor() as cursor:
        for statement in statements():
            cursor.execute(statement)


def _for_postgresql() -> Iterator[str]:
    yield _BODY
    for table, column in watched_tables().items():
        day = f'"{column}"' if column else "NULL::date"
        for event, tables in _EVENTS.items():
            yield (
                f"CREATE OR REPLACE TRIGGER note_{event.lower()} AFTER {event} ON {table} {tables} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}('{day}')"
            )


def _for_sqlite() -> Iterator[str]:
    """SQLite has triggers for rows only: one row of each part, whose token each change replaces."""
    yield f'CREATE UNIQUE INDEX IF NOT EXISTS {_TABLE}_parts ON {_TABLE} ("table", year, month)'
    for table, column in watched_tables().items():
        for event, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
            name = f"{table}_note_{event.lower()}"
            yield f"DROP TRIGGER IF EXISTS {name}"
            noted = "; ".join(_note(table, f'{row}."{column}"' if column else "NULL") for row in rows)
            unless_still = f"WHEN NOT EXISTS ({_STILL} '{table}')"
            yield f"CREATE TRIGGER {name} AFTER {event} ON {table} {unless_still} BEGIN {noted}; END"


def _note(table: str, day: str) -> str:
    year = f"CAST(coalesce(substr({day}, 1, 4), '0') AS INTEGER)"
    this_year = "CAST(strftime('%Y', 'now', '+8 hours') AS INTEGER)"
    month = f"CASE WHEN {year} >= {this_year} THEN CAST(substr({day}, 6, 2) AS INTEGER) ELSE 0 END"
    token = f"abs(random() % {LARGEST_TOKEN})"
    return (
        f"INSERT INTO {_TABLE} (\"table\", year, month, token) VALUES ('{table}', {year}, {month}, {token}) "
        f'ON CONFLICT ("table", year, month) DO UPDATE SET token = excluded.token'
    )


@contextmanager
def noted_at_once(table: str, days: list[date]) -> Iterator[None]:
    """Within a transaction that changes rows of these days alone: SQLite notes them once, and not at each row, which
    would take longer than the rows. Elsewhere nothing is different."""
    if connection.vendor == "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        for month in sorted({f"'{day:%Y-%m}'" for day in days}) or ["NULL"]:
            cursor.execute(_note(table, month))
        cursor.execute(f'INSERT INTO {_TABLE} ("table", year, month, token) VALUES (%s, 0, -1, 0)', [table])
        try:
            yield
        finally:
            cursor.execute(f'DELETE FROM {_TABLE} WHERE year = 0 AND month = -1 AND "table" = %s', [table])
