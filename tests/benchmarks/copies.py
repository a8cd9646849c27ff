"""A backup and its restoring beside what the databases' own programs take, with 12 million bars.

PostgreSQL: pg_dump and pg_restore of a folder, one job a processor, as one types them. SQLite: a copy of the file.
Prints the ratios of the rates, start-up left out.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks.harness import Installation, inserting_bars, installation, postgresql

FILL = """
from django.db import connection
from tests.benchmarks.copies import bars
with connection.cursor() as cursor:
    cursor.execute(bars(connection.vendor, {stocks}, {days}))
    if connection.vendor == "sqlite":
        # As the log is after a while: all of it is in the file.
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
"""
ROUNDS = 3
NUMBERS = {
    "sqlite": "WITH RECURSIVE {name}(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM {name} WHERE n < {last})",
    "postgresql": "WITH {name}(n) AS (SELECT * FROM generate_series(1, {last}))",
}
DAY = {"sqlite": "date('2014-01-01', '+' || day.n || ' days')", "postgresql": "date '2014-01-01' + day.n"}


def bars(vendor: str, stocks: int, days: int) -> str:
    day = NUMBERS[vendor].format(name="day", last=days)
    stock = NUMBERS[vendor].format(name="stock", last=stocks).removeprefix("WITH ").removeprefix("RECURSIVE ")
    price = "(1000 + (stock.n * 7 + day.n * 13) % 900) / 100.0"
    return f"{day}, {stock} {inserting_bars('stock.n', DAY[vendor], price, 'day, stock')}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stocks", type=int, default=5000)
    parser.add_argument("--days", type=int, default=2400)
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgresql"])
    options = parser.parse_args()
    for database in options.database:
        measure(database, options.stocks, options.days)


def measure(name: str, stocks: int, days: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if name == "sqlite":
            with installation("http://127.0.0.1:9") as made:
                fill(made, stocks, days)
                database = Path(made.environment["STOCKSYNC_VAR"]) / "stocksync.sqlite3"
                copy = partial(_copy, database, Path(folder) / "copy")
                told(name, made, Path(folder), copy, copy)
            return
        with postgresql() as url, installation("http://127.0.0.1:9", url) as made:
            fill(made, stocks, days)
            told(name, made, Path(folder), lambda: _dump(url, folder), lambda: _restore(url, folder))


def fill(made: Installation, stocks: int, days: int) -> None:
    filled = made.run("shell", "--no-imports", "--command", FILL.format(stocks=stocks, days=days))
    assert filled.code == 0, filled.output


def told(name: str, made: Installation, folder: Path, copy: Callable[[], None], back: Callable[[], None]) -> None:
    file = str(folder / "backup")
    idle = made.run("backup", "--help").seconds

    def run(command: str) -> None:
        ran = made.run(command, file, "--json")
        assert ran.code == 0, ran.output

    for what, by_hand in (("backup", copy), ("restore", back)):
        bare, ours = [], []
        for _ in range(ROUNDS):
            bare.append(timed(by_hand))
            if what == "backup":
                Path(file).unlink(missing_ok=True)
            ours.append(timed(partial(run, what)) - idle)
        rate = statistics.median(bare) / statistics.median(ours)
        taken = f"{what} {statistics.median(ours):.1f} s besides start-up, by hand {statistics.median(bare):.1f} s"
        print(f"{name}: {taken}: {rate:.2f} x the rate (bar 0.7)", flush=True)


def timed(work: Callable[[], None]) -> float:
    """What earlier copies left to be written to the disk is not counted."""
    os.sync()
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _copy(source: Path, target: Path) -> None:
    """As `cp` does it, and safely on the disk as a backup is."""
    target.unlink(missing_ok=True)
    shutil.copyfile(source, target)
    with open(target, "rb+") as file:
        os.fsync(file.fileno())


def _dump(url: str, folder: str) -> None:
    shutil.rmtree(f"{folder}/dump", ignore_errors=True)
    command = [
        "pg_dump",
        "--format=directory",
        "--compress=1",
        f"--jobs={os.cpu_count()}",
        f"--file={folder}/dump",
        url,
    ]
    subprocess.run(command, check=True)


def _restore(url: str, folder: str) -> None:
    name = f"{urlsplit(url).path[1:]}_by_hand"
    server = url.rpartition("/")[0]
    subprocess.run(["createdb", f"--maintenance-db={server}/postgres", name], check=True)
    command = ["pg_restore", f"--jobs={os.cpu_count()}", f"--dbname={server}/{name}", f"{folder}/dump"]
    try:
        subprocess.run(command, check=True)
    finally:
        subprocess.run(["dropdb", f"--maintenance-db={server}/postgres", name], check=True)


if __name__ == "__main__":
    main()
