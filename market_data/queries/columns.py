"""Questions to the database, answered in columns: the one way in which data leaves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary, finalize

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, models
from django.db.models import QuerySet

from market_data.frames import pa, pc

CHUNK = 20_000
# Compiling a question takes longer than most of ours; a year of the market is sorted in memory.
_OPTIONS = "-c jit=off -c work_mem=128MB"


@cache
def _moment() -> pa.DataType:
    return pa.timestamp("us", "UTC")


@cache
def _kinds() -> Mapping[type[models.Field[Any, Any]], pa.DataType]:
    return {
        models.DateField: pa.date32(),
        models.DateTimeField: _moment(),
        models.FloatField: pa.float64(),
        models.BooleanField: pa.bool_(),
        models.IntegerField: pa.int64(),
        models.BigAutoField: pa.int64(),
    }


@dataclass(frozen=True)
class Question:
    """A SELECT with its parameters, `%s` each, and the columns that it answers with. Without any SQL: no rows."""

    sql: str
    parameters: Sequence[Any]
    schema: pa.Schema


def question(rows: QuerySet[Any, Any], *names: str, **annotated: pa.DataType) -> Question:
    """The columns `names` of a QuerySet, and those that it was annotated with, whose types are named.

    JSON comes as text, moments in UTC, everything else as the model has it.
    """
    schema = pa.schema(list(schema_of(rows.model, names)) + [pa.field(*named) for named in annotated.items()])
    try:
        sql, parameters = rows.values_list(*names, *annotated).query.sql_with_params()
    except EmptyResultSet:  # of no symbols, say
        sql, parameters = "", ()
    return Question(sql, parameters, schema)


def schema_of(model: type[models.Model], names: Sequence[str]) -> pa.Schema:
    """The types in which the columns of a model are answered."""
    return pa.schema([(name, _kind_of(model._meta.get_field(name))) for name in names])


def _kind_of(field: Any) -> pa.DataType:
    kinds = _kinds()
    return next((kinds[kind] for kind in type(field).__mro__ if kind in kinds), pa.string())


def read_table(asked: Question) -> pa.Table:
    """The whole answer. Raises OperationalError where the database does not answer."""
    with read(asked) as batches:
        return batches.read_all()


def read(asked: Question) -> pa.RecordBatchReader:
    """The answer in the order that the question names, a few thousand rows at a time in memory.

    PostgreSQL answers through a connection of its own, which would not see what an open transaction of the caller
    has written: inside one, and on SQLite, the rows come through Django's. Close the reader, or read it to its end.
    Raises OperationalError where the database does not answer.
    """
    if not asked.sql:
        return pa.RecordBatchReader.from_batches(asked.schema, [])
    connection.ensure_connection()
    apart = connection.vendor == "postgresql" and not connection.in_atomic_block
    return pa.RecordBatchReader.from_batches(asked.schema, (_streamed if apart else _converted)(asked))


def _converted(asked: Question) -> Iterator[pa.RecordBatch]:
    with connection.cursor() as cursor:
        cursor.execute(_plain(asked), asked.parameters)
        while rows := cursor.fetchmany(CHUNK):
            columns = zip(zip(*rows, strict=True), asked.schema.types, strict=True)
            yield pa.record_batch([_array(values, kind) for values, kind in columns], schema=asked.schema)


def _plain(asked: Question) -> str:
    """The question with its values as the database has them: Django would make objects of SQLite's days, and psycopg
    of JSON."""
    if connection.vendor == "postgresql":
        names = ", ".join(f'"{f.name}"::text' if f.type == pa.string() else f'"{f.name}"' for f in asked.schema)
    else:
        texts = (pa.string(), pa.date32(), _moment())
        names = ", ".join(
            f'CAST("{f.name}" AS TEXT)'
            if f.type in texts
            else f'"{f.name}" + 0'
            if f.type == pa.bool_()
            else f'"{f.name}"'
            for f in asked.schema
        )
    listed = ", ".join(f'"{name}"' for name in asked.schema.names)
    return f"WITH asked ({listed}) AS ({asked.sql}) SELECT {names} FROM asked"


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if connection.vendor != "sqlite":
        return pa.array(values, kind)
    if kind in (pa.date32(), _moment()):
        encoded = pa.array(values, pa.string()).dictionary_encode()
        return encoded.dictionary.cast(pa.timestamp("us")).cast(kind).take(encoded.indices)
    return pa.array(values, pa.int64()).cast(kind) if kind == pa.bool_() else pa.array(values, kind)


def _streamed(asked: Question) -> Iterator[pa.RecordBatch]:
    with connection.cursor() as cursor:
        text = cursor.mogrify(_plain(asked), asked.parameters)  # COPY takes no parameters
    with _columnar_cursor(text) as cursor:
        for batch in cursor.fetch_record_batch():
            yield pa.record_batch(
                [_cast(column, kind) for column, kind in zip(batch.columns, asked.schema.types, strict=True)],
                schema=asked.schema,
            )


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return column if column.type == kind else pc.cast(column, kind)


@dataclass(frozen=True)
class _Line:
    """A columnar connection to PostgreSQL; `close` may be called twice."""

    connection: Any
    close: Any


_idle: WeakKeyDictionary[Any, list[_Line]] = WeakKeyDictionary()
"""By the connection of Django's with which they end: opening one costs 80 ms."""


@contextmanager
def _columnar_cursor(sql: str) -> Iterator[Any]:
    """A cursor that has been asked. Its line is kept when everything was read, else closed."""
    import adbc_driver_manager  # a tenth of a second of import

    raw = connection.connection
    try:
        line, cursor = _asked(raw, sql)
        try:
            yield cursor
            cursor.close()
        except BaseException:
            line.close()
            raise
    except adbc_driver_manager.Error as error:
        raise OperationalError(str(error)) from error
    _idle.setdefault(raw, []).append(line)


def _asked(raw: Any, sql: str) -> tuple[_Line, Any]:
    """Lines that the server has cut meanwhile are let go."""
    import adbc_driver_manager

    lines = _idle.get(raw, [])
    while lines:
        line = lines.pop()
        try:
            return line, _execute(line, sql)
        except adbc_driver_manager.OperationalError:
            line.close()
    line = _open(raw)
    try:
        return line, _execute(line, sql)
    except BaseException:
        line.close()
        raise


def _execute(line: _Line, sql: str) -> Any:
    cursor = line.connection.cursor()
    try:
        cursor.execute(sql)
    except BaseException:
        cursor.close()
        raise
    return cursor


def _open(raw: Any) -> _Line:
    from adbc_driver_postgresql import dbapi
    from psycopg.conninfo import make_conninfo

    address = make_conninfo(raw.info.dsn, password=raw.info.password, options=_OPTIONS)
    opened = dbapi.connect(address, autocommit=True)
    return _Line(opened, finalize(raw, opened.close))
