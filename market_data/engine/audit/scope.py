"""Which rows an audit looks at, as SQL, and how they are read: streamed, with room to sort."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction

from market_data.engine.ledger.expectations import as_parameter

FETCHED_AT_ONCE = 2000
# Sorts have 4 MB unless they are told otherwise. Compiling costs more than it saves here.
_ROOM = "SET LOCAL work_mem = '96MB'; SET LOCAL jit = off"
_TEXT_ORDER = {"postgresql": 'COLLATE "C"'}


@dataclass(frozen=True)
class Scope:
    """A window of days and some symbols. None: no bound."""

    start: date | None = None
    end: date | None = None
    symbols: tuple[str, ...] | None = None

    def where(self, alias: str, day: str = "trade_date") -> tuple[str, list[Any]]:
        """A condition on the rows of a table, with its parameters."""
        parts, parameters = ["true"], []
        for bound, operator in ((self.start, ">="), (self.end, "<=")):
            if bound is not None:
                parts.append(f"{alias}.{day} {operator} %s")
                parameters.append(as_parameter(bound))
        if self.symbols is not None:
            parts.append(f"{alias}.symbol IN ({', '.join(['%s'] * len(self.symbols))})")
            parameters.extend(self.symbols)
        return " AND ".join(parts), parameters


def text_order() -> str:
    """How symbols are sorted fastest: by their bytes, whatever the database's language."""
    return _TEXT_ORDER.get(connection.vendor, "")


def stream(sql: str, parameters: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query whose columns have names, few of them at a time in memory.

    On PostgreSQL they are put aside first: several processes of the server work on that, and never on a cursor. SQLite
    hands them out as it finds them; beginning a transaction there would keep writers out.
    """
    if connection.vendor != "postgresql":
        yield from _fetched(sql, parameters)
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_ROOM)
            cursor.execute(f"CREATE TEMP TABLE audit_found ON COMMIT DROP AS {sql}", parameters)
        yield from _fetched("SELECT * FROM audit_found", [])
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE audit_found")


def _fetched(sql: str, parameters: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(FETCHED_AT_ONCE):
            yield from rows


def count(table: str, scope: Scope, day: str) -> int:
    where, parameters = scope.where("t", day)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} t WHERE {where}", parameters)
        return int(cursor.fetchone()[0])
