"""An SQLite database into a file and back: a consistent copy while others write.

Whoever reads when the log is empty reads the database's file alone, and until he ends nobody writes into it: what is
stored meanwhile waits in the log. So the file can be copied as any file is, several times as quickly as page by page.
"""

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from stocksync.copies.exceptions import CopyError

PATIENCE_SECONDS = 600.0
"""How long other readers, such as an export, are waited for."""
LOOK_SECONDS = 0.02


def save(file: Path) -> None:
    """Copy the database into `file`, which appears when it is whole."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with connection.cursor() as writer, _frozen(Path(connection.settings_dict["NAME"]), writer) as database:
            _copy(database, unfinished)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def load(file: Path) -> None:
    """Replace the database by the copy. Raises CopyError, before anything is changed, for a file that is none."""
    database = Path(connection.settings_dict["NAME"])
    unfinished = database.with_name(f".{database.name}.{os.getpid()}")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source:
            _check(source, file)
        _copy(file, unfinished)
        connection.close()
        for suffix in ("-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)
        unfinished.replace(database)
    except sqlite3.Error as error:
        raise CopyError(f"{file} cannot be read as a backup of SQLite: {error}.") from error
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _frozen(database: Path, writer: Any) -> Iterator[Path]:
    """The database's file while nobody writes into it. Raises CopyError where other readers do not end."""
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        until = time.monotonic() + PATIENCE_SECONDS
        while not _reads_the_file_alone(reader, writer):
            if time.monotonic() > until:
                minutes = PATIENCE_SECONDS / 60
                raise CopyError(f"{database} was read without a pause for {minutes:g} minutes: back it up again later.")
            time.sleep(LOOK_SECONDS)
        yield database


def _reads_the_file_alone(reader: sqlite3.Connection, writer: Any) -> bool:
    """Begin to read at a moment when all of the log is in the file: while the turn to write is ours."""
    writer.execute("BEGIN IMMEDIATE")
    try:
        is_busy, in_log, in_file = reader.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if is_busy or in_log != in_file:
            return False
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM sqlite_master").fetchone()
        return True
    finally:
        writer.execute("ROLLBACK")


def _copy(source: Path, target: Path) -> None:
    """By another process: this one would lose its locks of a file that it opens and closes."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    ran = subprocess.run(["cp", source, target], capture_output=True, text=True)
    if ran.returncode:
        raise CopyError(f"{source} cannot be copied: {ran.stderr.strip()}.")
    with open(target, "rb") as written:
        os.fsync(written.fileno())


def _check(source: sqlite3.Connection, file: Path) -> None:
    if not source.execute("SELECT 1 FROM sqlite_master WHERE name = 'django_migrations'").fetchone():
        raise CopyError(f"{file} is no backup of stocksync: it has none of its tables.")
