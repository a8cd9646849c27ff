"""Store a table: new rows in, changed rows over, unchanged rows left alone, and count which were which.

Where nothing is stored of their days, the rows go straight into the table. Else they go into a temporary table first,
so that what follows is a few statements over the whole set. PostgreSQL takes them by COPY, SQLite many in a statement.
All go in key order: two writers of the same rows wait for each other and never deadlock.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from itertools import chain
from typing import Any

from django.db import IntegrityError, connection, transaction

from market_data.datasets.base import Dataset
from market_data.frames import arrow_csv, pa, pc
from market_data.schema.changes import noted_at_once

COLUMNS_AN_OBJECT = 50
SYMBOLS_A_LOOK = 500
VALUES_A_STATEMENT = 32_000
Payload = Any
"""Rows as text for COPY; for SQLite a table, since its values as objects would take ten times the room."""


@dataclass(frozen=True)
class Counts:
    """`different` rows are stored with other values, which were left alone."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    different: int = 0


def staging_of(dataset: Dataset) -> str:
    """The temporary table that holds the rows of the present transaction."""
    return f"staging_{dataset.table}"


def upsert(
    dataset: Dataset,
    table: pa.Table,
    now: datetime,
    provider: str = "",
    *,
    overwrite: bool = True,
    payload: Payload | None = None,
    lacking: Collection[str] = (),
) -> Counts:
    """Store the rows inside the caller's transaction. What they replace is kept as revisions.

    `table` has the dataset's columns and no key twice. `provider` gave them; "" is the dataset's own. Without
    `overwrite` a stored row stays as it is. Columns that the answer is `lacking` stay as they are in stored rows, too.
    `payload` is what `payload_of` made of the table and its provider. Rows of which some were stored before stay in
    the staging table until the commit.
    """
    if not table.num_rows:
        return Counts()
    payload = payload or payload_of(dataset, table, provider)
    days = table[dataset.date_column].unique().to_pylist() if dataset.date_column in dataset.columns else []
    with noted_at_once(dataset.table, days), connection.cursor() as cursor:
        if _is_new(cursor, dataset, table) and _put(cursor, dataset, payload):
            return Counts(inserted=table.num_rows)
        stage(cursor, dataset, payload)
        cursor.execute(_insert(dataset), [_moment(now)] if "first_seen_at" in dataset.added_columns else [])
        inserted = cursor.rowcount
        updated = different = 0
        values = _values(dataset, lacking)
        if inserted < table.num_rows and values and overwrite:
            cursor.execute(_keep_revisions(dataset, values), [dataset.name, _moment(now)])
            updated = cursor.rowcount
            if updated:
                cursor.execute(_update(dataset, values))
        elif inserted < table.num_rows and values:
            cursor.execute(f"SELECT count(*) {_changed(dataset, values)}")
            different = cursor.fetchone()[0]
    return Counts(inserted, updated, table.num_rows - inserted - updated - different, different)


def differing_keys(dataset: Dataset, limit: int, lacking: Collection[str] = ()) -> list[tuple[Any, ...]]:
    """Keys of stored rows that differ from the staged ones; to be asked in the transaction that staged them."""
    key = ", ".join(f"t.{name}" for name in dataset.key)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key} {_changed(dataset, _values(dataset, lacking))} ORDER BY {key} LIMIT %s", [limit])
        return list(cursor.fetchall())


def payload_of(dataset: Dataset, table: pa.Table, provider: str = "") -> Payload:
    """The rows as the database takes them. A third of the work of storing them, which any thread can do."""
    table = table.select(list(dataset.columns)).sort_by([(name, "ascending") for name in dataset.key])
    if "provider" in dataset.added_columns:
        table = table.append_column("provider", pa.repeat(provider or dataset.provider, table.num_rows))
    return _as_csv(table) if connection.vendor == "postgresql" else table


def stage(cursor: Any, dataset: Dataset, payload: Payload) -> None:
    """Put the rows into the staging table of this transaction."""
    staging, columns = staging_of(dataset), _names(_sent(dataset))
    if connection.vendor == "postgresql":
        cursor.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS {staging} ON COMMIT DELETE ROWS AS "
            f"SELECT {columns} FROM {dataset.table} WITH NO DATA"
        )
    else:
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {staging} AS SELECT {columns} FROM {dataset.table} WHERE 0")
    cursor.execute(f"DELETE FROM {staging}")
    _fill(cursor, staging, dataset, payload)


def _is_new(cursor: Any, dataset: Dataset, table: pa.Table) -> bool:
    """Whether nothing is stored of the days of these rows; where their symbols are few, of those. Costs a look or two
    into an index."""
    day = dataset.date_column
    if day not in dataset.key or "first_seen_at" in dataset.added_columns:
        return False
    first, last = (connection.ops.adapt_datefield_value(edge.as_py()) for edge in pc.min_max(table[day]).values())
    symbols = table["symbol"].unique().to_pylist() if dataset.key[:2] == ("symbol", day) else []
    if 0 < len(symbols) <= SYMBOLS_A_LOOK:
        rows = ", ".join(["(%s)"] * len(symbols))
        stored = f"SELECT 1 FROM {dataset.table} t WHERE t.symbol = w.symbol AND t.{day} BETWEEN %s AND %s"
        sql = f"WITH w(symbol) AS (VALUES {rows}) SELECT 1 FROM w WHERE EXISTS ({stored}) LIMIT 1"
    else:
        sql = f"SELECT 1 FROM {dataset.table} WHERE {day} BETWEEN %s AND %s LIMIT 1"
        symbols = []
    cursor.execute(sql, [*symbols, first, last])
    return cursor.fetchone() is None


def _put(cursor: Any, dataset: Dataset, payload: Payload) -> bool:
    """Put the rows straight into the table. False where another writer was faster; nothing is changed then."""
    try:
        with transaction.atomic():
            _fill(cursor, dataset.table, dataset, payload)
    except IntegrityError:
        return False
    return True


def _fill(cursor: Any, name: str, dataset: Dataset, payload: Payload) -> None:
    columns = _sent(dataset)
    if connection.vendor == "postgresql":
        copying = f"COPY {name} ({_names(columns)}) FROM STDIN (FORMAT csv)"
        with connection.wrap_database_errors, cursor.copy(copying) as copy:
            copy.write(payload)
        return
    row = f"({', '.join('?' * len(columns))})"
    for piece in _pieces(payload):
        rows = ", ".join([row] * (len(piece) // len(columns)))
        # Django would look through the statement for its own kind of places, which takes as long as the statement.
        with connection.wrap_database_errors:
            connection.connection.execute(f"INSERT INTO {name} ({_names(columns)}) VALUES {rows}", piece)


def _sent(dataset: Dataset) -> tuple[str, ...]:
    """The columns of a payload."""
    return (*dataset.columns, "provider") if "provider" in dataset.added_columns else dataset.columns


def _moment(value: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


def _as_csv(table: pa.Table) -> memoryview:
    """NULL is nothing, an empty text is two quotes: as COPY reads them."""
    buffer = io.BytesIO()
    arrow_csv.write_csv(table, buffer, arrow_csv.WriteOptions(include_header=False))
    return buffer.getbuffer()


def _pieces(table: pa.Table) -> Iterator[list[Any]]:
    """The values row by row, as many as a statement takes. A statement for each row would let go of the interpreter's
    lock as often, and wait for it behind the threads that fetch."""
    columns = [c.cast(pa.string()) if pa.types.is_date(c.type) else c for c in table.columns]
    size = VALUES_A_STATEMENT // len(columns)
    for at in range(0, table.num_rows, size):
        values = zip(*(column.slice(at, size).to_pylist() for column in columns), strict=True)
        yield list(chain.from_iterable(values))


def _insert(dataset: Dataset) -> str:
    columns, key = _names(_sent(dataset)), _names(dataset.key)
    name, place = (", first_seen_at", ", %s") if "first_seen_at" in dataset.added_columns else ("", "")
    return (
        f"INSERT INTO {dataset.table} ({columns}{name}) SELECT {columns}{place} FROM {staging_of(dataset)} "
        f"WHERE true ORDER BY {key} ON CONFLICT ({key}) DO NOTHING"
    )


def _keep_revisions(dataset: Dataset, values: list[str]) -> str:
    before = _as_object(_values(dataset))
    symbol = "t.symbol" if "symbol" in dataset.key else "''"
    day = f"t.{dataset.date_column}" if dataset.date_column in dataset.key else "NULL"
    locked = " FOR UPDATE OF t" if connection.vendor == "postgresql" else ""
    return (
        f"INSERT INTO revisions (dataset, symbol, trade_date, before, revised_at) "
        f"SELECT %s, {symbol}, {day}, {before}, %s {_changed(dataset, values)} "
        f"ORDER BY {', '.join(f't.{name}' for name in dataset.key)}{locked}"
    )


def _as_object(names: list[str]) -> str:
    """SQL that makes a JSON object of these columns; a function takes only so many arguments."""
    parts = [names[at : at + COLUMNS_AN_OBJECT] for at in range(0, len(names), COLUMNS_AN_OBJECT)]
    if connection.vendor == "postgresql":
        return " || ".join(f"jsonb_build_object({_pairs(part, '')})" for part in parts)
    first = f"json_object({_pairs(parts[0], '')})"
    return reduce(lambda whole, part: f"json_set({whole}, {_pairs(part, '$.')})", parts[1:], first)


def _pairs(names: list[str], prefix: str) -> str:
    return ", ".join(f"'{prefix}{name}', t.{name}" for name in names)


def _update(dataset: Dataset, values: list[str]) -> str:
    changes = ", ".join(f"{name} = s.{name}" for name in values)
    changes += ", provider = s.provider" if "provider" in dataset.added_columns else ""
    return (
        f"UPDATE {dataset.table} AS t SET {changes} FROM {staging_of(dataset)} s "
        f"WHERE {_same_key(dataset)} AND {_differs(values)}"
    )


def _changed(dataset: Dataset, values: list[str]) -> str:
    """The stored rows `t` whose staged namesakes `s` have other values."""
    return f"FROM {dataset.table} t JOIN {staging_of(dataset)} s ON {_same_key(dataset)} WHERE {_differs(values)}"


def _same_key(dataset: Dataset) -> str:
    return " AND ".join(f"t.{name} = s.{name}" for name in dataset.key)


def _differs(values: list[str]) -> str:
    return f"({', '.join(f't.{v}' for v in values)}) {is_other()} ({', '.join(f's.{v}' for v in values)})"


def is_other() -> str:
    """The operator that compares values of which some may be NULL."""
    return "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"


def _values(dataset: Dataset, lacking: Collection[str] = ()) -> list[str]:
    absent = {field.name for field in dataset.fields if field.source in lacking}
    return [name for name in dataset.columns if name not in dataset.key and name not in absent]


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
