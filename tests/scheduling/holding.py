"""Other users of the database, who hold rows, hang, or cut connections. PostgreSQL only."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

on_postgresql = pytest.mark.skipif(
    "postgresql" not in settings.DATABASES["default"]["ENGINE"], reason="rows are held, and connections cut, there"
)


@contextmanager
def held(rows: "QuerySet[object]") -> Iterator[None]:
    """Rows that another transaction holds, which hangs."""
    sql, values = rows.values("pk").query.sql_with_params()
    other = connection.copy()
    other.set_autocommit(False)
    try:
        with other.cursor() as cursor:
            cursor.execute(f"{sql} FOR UPDATE", values)
            assert cursor.fetchall()
        yield
        other.rollback()
    finally:
        other.close()


def cut_connections() -> int:
    """Cut every connection to this database but a new one. How many they were."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return int(cursor.fetchone()[0])
    finally:
        other.close()


def in_thread(work: Callable[[], object]) -> threading.Thread:
    """Do it beside the test, over a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread
