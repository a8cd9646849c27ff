"""SQLite lets write who asks at the right moment, and whoever waits asks ever more seldom: beside a sync that writes
without a pause others wait for seconds.

Here one who waits says so, by a shared lock on the database's folder, and asks every few milliseconds; whoever is about
to write looks whether somebody waits, and lets him go first.
"""

import fcntl
import os
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from django.db.backends.sqlite3 import base

ASK_SECONDS = 0.003
GIVE_WAY_SECONDS = 0.02
_WRITES = ("BEGIN", "INSERT", "UPDATE", "DELETE", "REPLACE")
T = TypeVar("T")


class Turns:
    """Who waits to write into a database, among all processes and threads; each connection has one of its own."""

    def __init__(self, folder: Path, patience: float) -> None:
        self._patience = patience
        self._folder = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        self.close = weakref.finalize(self, os.close, self._folder)

    def take(self, work: Callable[[], T], *, writes: bool) -> T:
        """Do it when it is our turn. Raises OperationalError where that does not come for too long."""
        if writes:
            self._give_way()
        try:
            return work()
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
        return self._wait_for(work)

    def _give_way(self) -> None:
        until = time.monotonic() + GIVE_WAY_SECONDS
        while self._somebody_waits() and time.monotonic() < until:
            time.sleep(ASK_SECONDS)

    def _somebody_waits(self) -> bool:
        try:
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._folder, fcntl.LOCK_UN)
        return False

    def _wait_for(self, work: Callable[[], T]) -> T:
        until = time.monotonic() + self._patience
        fcntl.flock(self._folder, fcntl.LOCK_SH)
        try:
            while True:
                time.sleep(ASK_SECONDS)
                try:
                    return work()
                except sqlite3.OperationalError as error:
                    if not _is_busy(error) or time.monotonic() > until:
                        raise
        finally:
            fcntl.flock(self._folder, fcntl.LOCK_UN)


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Cursor(base.SQLiteCursorWrapper):
    """Outside a transaction each statement takes its turn; within one the turn is ours already."""

    turns: Turns

    def execute(self, query: str, params: Any = None) -> Any:
        run = super().execute
        if self.connection.in_transaction:
            return run(query, params)
        return self.turns.take(lambda: run(query, params), writes=query.lstrip().startswith(_WRITES))

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        run, rows = super().executemany, list(param_list)
        if self.connection.in_transaction:
            return run(query, rows)
        return self.turns.take(lambda: run(query, rows), writes=True)


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's, with cursors that take turns; a database in memory has nobody to take turns with."""

    turns: Turns | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if not self.is_in_memory_db():
            connection.execute(f"PRAGMA busy_timeout = {ASK_SECONDS * 1000:.0f}")
            self.turns = Turns(Path(conn_params["database"]).absolute().parent, conn_params["timeout"])
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        if self.turns is None:
            return super().create_cursor(name)
        cursor = self.connection.cursor(factory=Cursor)
        cursor.turns = self.turns
        return cursor

    def _close(self) -> None:
        super()._close()  # type: ignore[misc]  # the stubs leave it out
        if self.turns is not None:
            self.turns.close()
            self.turns = None
