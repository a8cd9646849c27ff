"""A copy of an SQLite file that others write into all the time."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stocksync.copies import sqlite
from stocksync.copies.exceptions import CopyError

WRITER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
database.execute("PRAGMA wal_autocheckpoint = 5")
number = 0
while True:
    number += 1
    database.execute("BEGIN IMMEDIATE")
    database.execute("UPDATE one SET n = ?, filling = randomblob(500)", [number])
    database.execute("UPDATE other SET n = ?, filling = randomblob(500)", [number])
    database.execute("COMMIT")
    print(number, flush=True)
    time.sleep(0.001)
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """With two tables that one transaction after another changes alike."""
    file = tmp_path / "stocksync.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode = WAL")
        for name in ("one", "other"):
            made.execute(f"CREATE TABLE {name} (n, filling)")
            made.executemany(f"INSERT INTO {name} VALUES (0, randomblob(500))", [()] * 100)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    yield file
    writer.kill()
    writer.wait()
    writer.stdout.close()


def writing(database: Path) -> "closing[sqlite3.Connection]":
    return closing(sqlite3.connect(database, isolation_level=None, timeout=60))


def numbers_of(file: Path) -> set[tuple[int, ...]]:
    with closing(sqlite3.connect(file)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {(n,) for (n,) in copy.execute("SELECT n FROM one UNION SELECT n FROM other")}


def test_each_copy_is_of_one_moment_while_others_write(database: Path, tmp_path: Path) -> None:
    seen = []
    for number in range(40):
        copy = tmp_path / f"copy{number}"
        with writing(database) as turn, sqlite._frozen(database, turn) as file:
            sqlite._copy(file, copy)
        (found,) = numbers_of(copy)
        seen.append(found)
    assert seen == sorted(seen)
    assert len(set(seen)) > 5, "the writer went on between"


def test_a_reader_that_does_not_end_is_told(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.3)
    with closing(sqlite3.connect(database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        (before,) = reader.execute("SELECT max(n) FROM one").fetchone()
        with writing(database) as other:
            while other.execute("SELECT max(n) FROM one").fetchone()[0] < before + 2:
                time.sleep(0.01)
        refused = pytest.raises(CopyError, match="was read without a pause")
        with refused, writing(database) as turn, sqlite._frozen(database, turn):
            pass
