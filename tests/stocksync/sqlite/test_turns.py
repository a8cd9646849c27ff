"""Writers of one SQLite file: whoever waits comes next, and nobody waits for ever."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from stocksync.databases import database_from_url
from stocksync.sqlite.base import DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)
TRANSACTIONS = 30


@contextmanager
def connected(folder: Path, **options: Any) -> Iterator[DatabaseWrapper]:
    settings = database_from_url(f"sqlite:///{folder}/x.sqlite3", folder, demo=False)
    settings["OPTIONS"] = {**settings["OPTIONS"], **options}
    defaults = {"AUTOCOMMIT": True, "TIME_ZONE": None, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    connection = DatabaseWrapper({**defaults, **settings}, "apart")
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with connected(tmp_path) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE x (writer text, at integer)")
    return tmp_path


def write(connection: DatabaseWrapper, sql: str, parameters: tuple[Any, ...] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


@pytest.mark.parametrize("in_transaction", [True, False])
def test_who_waits_writes_before_the_next_but_one_transaction_of_who_never_pauses(
    folder: Path, in_transaction: bool
) -> None:
    begun, waiting = [0], threading.Event()

    def keep_writing() -> None:
        with connected(folder) as connection:
            for number in range(TRANSACTIONS):
                write(connection, "BEGIN IMMEDIATE")
                begun[0] = number
                write(connection, "INSERT INTO x VALUES ('busy', %s)", (number,))
                waiting.set()
                time.sleep(0.03)
                write(connection, "COMMIT")

    busy = threading.Thread(target=keep_writing)
    busy.start()
    waits = []
    with connected(folder) as connection:
        for turn in range(3):
            waiting.clear()
            waiting.wait(10)
            before = begun[0]
            if in_transaction:
                write(connection, "BEGIN IMMEDIATE")
            write(connection, "INSERT INTO x VALUES ('other', %s)", (turn,))
            waits.append(begun[0] - before)
            if in_transaction:
                write(connection, "COMMIT")
    busy.join()
    assert max(waits) <= 2 < TRANSACTIONS
    with connected(folder) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT writer, count(*) FROM x GROUP BY writer ORDER BY writer")
        assert cursor.fetchall() == [("busy", TRANSACTIONS), ("other", 3)]


def test_who_is_never_let_in_is_told_after_his_patience(folder: Path) -> None:
    with connected(folder) as holder, connected(folder, timeout=0.1) as other:
        write(holder, "BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            write(other, "INSERT INTO x VALUES ('other', 1)")
        with pytest.raises(OperationalError, match="locked"):
            other.cursor().executemany("INSERT INTO x VALUES ('other', %s)", [(1,), (2,)])
        write(holder, "COMMIT")
        write(other, "INSERT INTO x VALUES ('other', 1)")


def test_an_error_of_another_kind_comes_at_once(folder: Path) -> None:
    with connected(folder, timeout=600) as connection, pytest.raises(OperationalError, match="no such table"):
        write(connection, "INSERT INTO y VALUES (1)")


def test_a_reader_waits_for_nobody(folder: Path) -> None:
    with connected(folder) as holder, connected(folder, timeout=0) as reader, reader.cursor() as cursor:
        write(holder, "BEGIN IMMEDIATE")
        write(holder, "INSERT INTO x VALUES ('busy', 1)")
        cursor.execute("SELECT count(*) FROM x")
        assert cursor.fetchone() == (0,)
        write(holder, "ROLLBACK")


def test_connections_leave_no_open_file_behind(folder: Path) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = opened()
    for _ in range(20):
        with connected(folder) as connection:
            write(connection, "INSERT INTO x VALUES ('other', 1)")
    assert opened() <= before + 1
    assert sqlite3.connect(folder / "x.sqlite3").execute("SELECT count(*) FROM x").fetchone() == (20,)
