"""What the benchmarks share: a stand-in and a database of their own, commands as a user runs them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).parents[2]
POSTGRESQL = os.environ.get("STOCKSYNC_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432")
SHARED_DATA = Path(os.environ.get("STOCKSYNC_SHARED_DATA") or ROOT.parent / "shared" / "data")


@contextmanager
def standin(*arguments: str) -> Iterator[tuple[str, Path]]:
    """A stand-in provider: its address and its log of calls."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "calls.jsonl"
        command = [sys.executable, "manage.py", "tushare_standin", "--port", "0", "--log", str(log), *arguments]
        server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[-1], log
        finally:
            server.terminate()
            server.wait()


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of an empty PostgreSQL database that is dropped afterwards."""
    name = f"stocksync_benchmark_{os.getpid()}_{time.monotonic_ns() % 10**6}"
    with psycopg.connect(f"{POSTGRESQL}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield f"{POSTGRESQL}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@dataclass
class Installation:
    """A stocksync with settings of its own, used by its commands."""

    environment: dict[str, str]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "manage.py", *arguments]
        environment = {**os.environ, **self.environment}
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)

    def run(self, *arguments: str) -> "Ran":
        began = time.monotonic()
        process = self.start(*arguments)
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return Ran(process.returncode, output, time.monotonic() - began, usage.ru_maxrss / 1024)


@dataclass
class Ran:
    code: int
    output: str
    seconds: float
    peak_megabytes: float

    @property
    def report(self) -> dict[str, Any]:
        return dict(json.loads(self.output.strip().splitlines()[-1]))


@contextmanager
def installation(url: str, database: str = "", **settings: Any) -> Iterator[Installation]:
    """A migrated installation in a folder of its own; the quota is out of the way unless `settings` say otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "STOCKSYNC_VAR": folder,
            "DATABASE_URL": database,
            "TUSHARE_TOKEN": "benchmark",
            "TUSHARE_API_URL": url,
            "TUSHARE_RATE_LIMIT_MAX_CALLS": "1000000",
            **{name: str(value) for name, value in settings.items()},
        }
        made = Installation(environment)
        assert made.run("migrate", "--verbosity", "0").code == 0
        yield made


def inserting_bars(number: str, day: str, price: str, source: str) -> str:
    """SQL that makes up a bar for each row of `source`; the others are expressions of a stock's number and its day."""
    return (
        "INSERT INTO daily (symbol, trade_date, open, high, low, close, pre_close, change, pct_chg, volume, amount, "
        f"provider) SELECT (600000 + {number}) || '.SH', {day}, {price}, {price} + 0.5, {price} - 0.5, {price} + 0.1, "
        f"{price}, 0.1, 0.98, {number} * 100, {number} * 1234.5, 'tushare' FROM {source}"
    )


def calls_in(log: Path, *names: str) -> list[dict[str, Any]]:
    """The logged calls of these interfaces (none: of all), in the order of their arrival."""
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    return sorted((c for c in calls if not names or c["api"] in names), key=lambda call: call["at"])


def most_in_a_window(times: Sequence[float], seconds: float) -> int:
    """The largest number of calls that any window of that length saw."""
    most, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
