"""Membership as spells: sources tell who is in a group today; from when to when is what we saw."""

from __future__ import annotations

from datetime import date

from django.db import connection

from market_data.datasets.base import Dataset
from market_data.engine.ledger.expectations import as_parameter, date_place
from market_data.engine.storing.writer import Counts, Payload, is_other, payload_of, stage, staging_of
from market_data.frames import pa


def store_spells(dataset: Dataset, table: pa.Table, today: date, payload: Payload | None = None) -> Counts:
    """Begin a spell for who is new, end it for who is not there any more; inside the caller's transaction.

    The table lists every member of its groups. `updated` counts ended spells and changed names. An empty answer ends
    nothing: it names no group. `payload` is what `payload_of` made of the table.
    """
    if not table.num_rows:
        return Counts()
    day = as_parameter(today)
    with connection.cursor() as cursor:
        stage(cursor, dataset, payload or payload_of(dataset, table))
        cursor.execute(_end(dataset), [day])
        updated = cursor.rowcount
        cursor.execute(_rename(dataset))
        renamed = cursor.rowcount
        cursor.execute(_begin(dataset), [day])
        inserted = cursor.rowcount
    return Counts(inserted, updated + renamed, table.num_rows - inserted - renamed)


def _end(dataset: Dataset) -> str:
    same_group = f"SELECT 1 FROM {staging_of(dataset)} s WHERE {_same(dataset.grouped_by)}"
    there = f"SELECT 1 FROM {staging_of(dataset)} s WHERE {_same(dataset.key)}"
    return (
        f"UPDATE {dataset.table} AS t SET to_date = %s "
        f"WHERE t.to_date IS NULL AND EXISTS ({same_group}) AND NOT EXISTS ({there})"
    )


def _rename(dataset: Dataset) -> str:
    return (
        f"UPDATE {dataset.table} AS t SET name = s.name FROM {staging_of(dataset)} s "
        f"WHERE t.to_date IS NULL AND {_same(dataset.key)} AND t.name {is_other()} s.name"
    )


def _begin(dataset: Dataset) -> str:
    names = ", ".join(dataset.columns)
    there = f"SELECT 1 FROM {dataset.table} t WHERE t.to_date IS NULL AND {_same(dataset.key)}"
    return (
        f"INSERT INTO {dataset.table} ({names}, from_date) SELECT {names}, {date_place()} FROM {staging_of(dataset)} s "
        f"WHERE NOT EXISTS ({there}) ORDER BY {', '.join(dataset.key)}"
    )


def _same(columns: tuple[str, ...]) -> str:
    return " AND ".join(f"t.{name} = s.{name}" for name in columns)
