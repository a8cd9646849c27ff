"""Store a table: new rows in, changed rows over, unchanged rows left alone, and count which were which.

The rows go into a temporary table first (PostgreSQL: COPY), so that what follows is a few statements over the
whole set, in key order: two writers of the same rows wait for each other and never deadlock.
"""

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
from django.db import connection
from pyarrow import csv

from market_data.datasets.base import Dataset

Payload = Any
"""Rows as text for COPY, or as tuples: whatever the database takes."""


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
) -> Counts:
    """Store the rows inside the caller's transaction. What they replace is kept as revisions.

    `table` has the dataset's columns and no key twice. `provider` gave them; "" is the dataset's own. Without
    `overwrite` a stored row stays as it is. `payload` is what `payload_of` made of the table. The rows stay in the
    staging table until the commit.
    """
    if not table.num_rows:
        return Counts()
    with connection.cursor() as cursor:
        stage(cursor, dataset, payload or payload_of(dataset, table))
        stamps = {"provider": provider or dataset.provider, "first_seen_at": _moment(now)}
        cursor.execute(_insert(dataset), [stamps[name] for name in dataset.stamps])
        inserted = cursor.rowcount
        updated = different = 0
        if inserted < table.num_rows and _values(dataset) and overwrite:
            cursor.execute(_keep_revisions(dataset), [dataset.name, _moment(now)])
            updated = cursor.rowcount
            if updated:
                cursor.execute(_update(dataset), [stamps["provider"]] if "provider" in dataset.stamps else [])
        elif inserted < table.num_rows and _values(dataset):
            cursor.execute(f"SELECT count(*) {_changed(dataset)}")
            different = cursor.fetchone()[0]
    return Counts(inserted, updated, table.num_rows - inserted - updated - different, different)


def differing_keys(dataset: Dataset, limit: int) -> list[tuple[Any, ...]]:
    """Keys of stored rows that differ from the staged ones; to be asked in the transaction that staged them."""
    key = ", ".join(f"t.{name}" for name in dataset.key)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key} {_changed(dataset)} ORDER BY {key} LIMIT %s", [limit])
        return list(cursor.fetchall())


def payload_of(dataset: Dataset, table: pa.Table) -> Payload:
    """The rows as the database takes them. A third of the work of storing them, which any thread can do."""
    table = table.select(list(dataset.columns))
    return _as_csv(table) if connection.vendor == "postgresql" else _as_rows(table)


def stage(cursor: Any, dataset: Dataset, payload: Payload) -> None:
    """Put the rows into the staging table of this transaction."""
    staging, columns = staging_of(dataset), _names(dataset.columns)
    if connection.vendor == "postgresql":
        cursor.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS {staging} ON COMMIT DELETE ROWS AS "
            f"SELECT {columns} FROM {dataset.table} WITH NO DATA"
        )
        cursor.execute(f"DELETE FROM {staging}")
        with cursor.copy(f"COPY {staging} ({columns}) FROM STDIN (FORMAT csv)") as copy:
            copy.write(payload)
        return
    cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {staging} AS SELECT {columns} FROM {dataset.table} WHERE 0")
    cursor.execute(f"DELETE FROM {staging}")
    places = ", ".join(["%s"] * len(dataset.columns))
    cursor.executemany(f"INSERT INTO {staging} ({columns}) VALUES ({places})", payload)


def _moment(value: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


def _as_csv(table: pa.Table) -> memoryview:
    """NULL is nothing, an empty text is two quotes: as COPY reads them."""
    buffer = io.BytesIO()
    csv.write_csv(table, buffer, csv.WriteOptions(include_header=False))
    return buffer.getbuffer()


def _as_rows(table: pa.Table) -> list[tuple[Any, ...]]:
    columns = [c.cast(pa.string()) if pa.types.is_date(c.type) else c for c in table.columns]
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


def _insert(dataset: Dataset) -> str:
    columns, key = _names(dataset.columns), _names(dataset.key)
    stamped = "".join(f", {name}" for name in dataset.stamps)
    stamps = ", %s" * len(dataset.stamps)
    return (
        f"INSERT INTO {dataset.table} ({columns}{stamped}) SELECT {columns}{stamps} FROM {staging_of(dataset)} "
        f"WHERE true ORDER BY {key} ON CONFLICT ({key}) DO NOTHING"
    )


def _keep_revisions(dataset: Dataset) -> str:
    function = "jsonb_build_object" if connection.vendor == "postgresql" else "json_object"
    before = ", ".join(f"'{name}', t.{name}" for name in _values(dataset))
    symbol = "t.symbol" if "symbol" in dataset.key else "''"
    day = f"t.{dataset.date_column}" if dataset.date_column in dataset.key else "NULL"
    locked = " FOR UPDATE OF t" if connection.vendor == "postgresql" else ""
    return (
        f"INSERT INTO revisions (dataset, symbol, trade_date, before, revised_at) "
        f"SELECT %s, {symbol}, {day}, {function}({before}), %s {_changed(dataset)} "
        f"ORDER BY {', '.join(f't.{name}' for name in dataset.key)}{locked}"
    )


def _update(dataset: Dataset) -> str:
    values = ", ".join(f"{name} = s.{name}" for name in _values(dataset))
    values += ", provider = %s" if "provider" in dataset.stamps else ""
    return (
        f"UPDATE {dataset.table} AS t SET {values} FROM {staging_of(dataset)} s "
        f"WHERE {_same_key(dataset)} AND {_differs(dataset)}"
    )


def _changed(dataset: Dataset) -> str:
    """The stored rows `t` whose staged namesakes `s` have other values."""
    return f"FROM {dataset.table} t JOIN {staging_of(dataset)} s ON {_same_key(dataset)} WHERE {_differs(dataset)}"


def _same_key(dataset: Dataset) -> str:
    return " AND ".join(f"t.{name} = s.{name}" for name in dataset.key)


def _differs(dataset: Dataset) -> str:
    values = _values(dataset)
    return f"({', '.join(f't.{v}' for v in values)}) {is_other()} ({', '.join(f's.{v}' for v in values)})"


def is_other() -> str:
    """The operator that compares values of which some may be NULL."""
    return "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"


def _values(dataset: Dataset) -> list[str]:
    return [name for name in dataset.columns if name not in dataset.key]


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
