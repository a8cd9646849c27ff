"""An SQLite database over into an empty PostgreSQL one, table by table.

1. The target gets its tables, and is refused where it holds anything of an installation.
2. Tables go over parents first, in chunks by rowid. A chunk and how far it goes are committed together, so a move that
   was cut short goes on from there, and no row is there twice.
3. Sequences go on behind the highest key; every table is counted on both sides, and the ledger is checked.
"""

from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, connections, transaction
from django.db.models import Model

from stocksync.copies.exceptions import CopyError
from stocksync.copies.guarding import check_ledger

TARGET = "move_target"
CHUNK = 50_000
PROGRESS = "stocksync_move"
Say = Callable[[str], object]


def move(settings: dict[str, Any], say: Say) -> dict[str, int]:
    """Copy everything to the database of these settings. Rows by table. Raises CopyError."""
    connections.databases[TARGET] = connections.configure_settings({"default": {}, TARGET: settings})[TARGET]
    try:
        _prepare()
        counts = {}
        for model in _parents_first():
            counts[model._meta.db_table] = _move(model)
            say(f"{model._meta.db_table}: {counts[model._meta.db_table]} rows")
        _finish()
        check_ledger(TARGET)
        return counts
    finally:
        connections[TARGET].close()
        del connections[TARGET], connections.databases[TARGET]


def _prepare() -> None:
    target = connections[TARGET]
    if PROGRESS in target.introspection.table_names():
        return
    call_command("migrate", database=TARGET, verbosity=0, interactive=False)
    filled = [m._meta.db_table for m in _parents_first() if m._meta.app_label in OURS and _count(m, TARGET)]
    if filled:
        raise CopyError(f"The target is not empty: {filled[0]} has rows. Name a database that was made just now.")
    with transaction.atomic(using=TARGET), target.cursor() as cursor:
        # What migrating has filled in by itself comes over with the rest.
        cursor.execute(f"TRUNCATE {', '.join(_quoted(model) for model in _parents_first())}")
        cursor.execute(f"CREATE TABLE {PROGRESS} (name text PRIMARY KEY, until bigint NOT NULL)")


OURS = ("market_data", "scheduling")


def _parents_first() -> list[type[Model]]:
    models = [m for m in apps.get_models(include_auto_created=True) if m._meta.managed and not m._meta.proxy]
    parents = {
        model: {
            field.related_model for field in model._meta.concrete_fields if field.is_relation and field.related_model
        }
        - {model}
        for model in models
    }
    return list(TopologicalSorter(parents).static_order())


def _move(model: type[Model]) -> int:
    """Copy what is not there yet; how many rows there are in the end. Raises CopyError where the counts differ."""
    columns = [field.column for field in model._meta.concrete_fields]
    names = ", ".join(f'"{column}"' for column in columns)
    for rows in _chunks(model, names, _moved_until(model)):
        with transaction.atomic(using=TARGET), connections[TARGET].cursor() as cursor:
            # SQLite keeps moments without a zone, in UTC.
            cursor.execute("SET LOCAL TimeZone TO 'UTC'")
            with cursor.copy(f"COPY {_quoted(model)} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([None if value is None else str(value) for value in row[1:]])
            cursor.execute(
                f"INSERT INTO {PROGRESS} VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET until = EXCLUDED.until",
                [model._meta.db_table, rows[-1][0]],
            )
    here, there = _count(model, "default"), _count(model, TARGET)
    if here != there:
        raise CopyError(f"{model._meta.db_table} has {here} rows here and {there} there: was it changed meanwhile?")
    return there


def _moved_until(model: type[Model]) -> int:
    with connections[TARGET].cursor() as cursor:
        cursor.execute(f"SELECT until FROM {PROGRESS} WHERE name = %s", [model._meta.db_table])
        found = cursor.fetchone()
    return found[0] if found else -1


def _chunks(model: type[Model], names: str, until: int) -> Iterator[list[tuple[Any, ...]]]:
    """Rows as SQLite keeps them, the rowid first, ascending."""
    sql = f"SELECT rowid, {names} FROM {_quoted(model)} WHERE rowid > ? ORDER BY rowid LIMIT {CHUNK}"
    connection.ensure_connection()
    while rows := connection.connection.execute(sql, [until]).fetchall():
        yield [tuple(map(_text, row)) for row in rows]
        until = rows[-1][0]


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _count(model: type[Model], alias: str) -> int:
    return model._default_manager.using(alias).count()


def _quoted(model: type[Model]) -> str:
    return f'"{model._meta.db_table}"'


def _finish() -> None:
    target = connections[TARGET]
    with transaction.atomic(using=TARGET), target.cursor() as cursor:
        for statement in target.ops.sequence_reset_sql(no_style(), _parents_first()):
            cursor.execute(statement)
        cursor.execute(f"DROP TABLE {PROGRESS}")
        cursor.execute("ANALYZE")
