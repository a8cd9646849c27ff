"""Installations with databases of their own, and commands as a person runs them."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

import stocksync

ROOT = Path(stocksync.__file__).resolve().parents[1]
SERVER = os.environ.get("STOCKSYNC_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432")
FILL = """
from datetime import date, timedelta
from django.contrib.auth import get_user_model
from django.utils import timezone
from market_data.models import DailyBar, Partition, SyncTask
from scheduling.models import Execution
from scheduling.installing import install_schedules
days = [date(2024, 1, 1) + timedelta(days=n) for n in range(40)]
bars = [DailyBar(symbol=f"{n:06}.SH", trade_date=day, close=n / 7) for n in range(50) for day in days]
DailyBar.objects.bulk_create(bars)
complete = {"dataset": "daily", "state": "complete", "expected": 50, "got": 50}
Partition.objects.bulk_create([Partition(trade_date=day, **complete) for day in days])
SyncTask.objects.create(job_type="X", dataset="daily", config={"a": "中文\\t\\\\N"})
install_schedules()
ran = {"job_id": "a", "job_type": "a", "trigger": "x", "status": "SUCCESS", "queue": "sync"}
Execution.objects.create(queued_at=timezone.now(), **ran)
get_user_model().objects.create_user("anna")
"""


@dataclass
class Ran:
    code: int
    report: dict[str, Any]
    said: str


@dataclass
class Place:
    folder: Path
    url: str = ""

    def run(self, *words: str) -> Ran:
        """A command with --json."""
        done = self._call(*words, "--json")
        lines = done.stdout.splitlines()
        return Ran(done.returncode, json.loads(lines[-1]) if lines else {}, done.stderr)

    def ask(self, code: str) -> str:
        done = self._call("shell", "--no-imports", "--command", code)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _call(self, *words: str) -> "subprocess.CompletedProcess[str]":
        environment = os.environ | {"STOCKSYNC_VAR": str(self.folder), "DATABASE_URL": self.url, "TUSHARE_TOKEN": ""}
        command = [sys.executable, "-W", "ignore", "manage.py", *words]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@contextmanager
def new_databases() -> Iterator[Callable[..., str]]:
    """Makes databases, empty or like the one of that address; they are dropped at the end."""
    try:
        server = psycopg.connect(f"{SERVER}/postgres", autocommit=True, connect_timeout=5)
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL answers")
    made: list[str] = []

    def make(like: str = "") -> str:
        made.append(f"copies_{uuid.uuid4().hex[:12]}")
        template = f" TEMPLATE {like.rpartition('/')[2]}" if like else ""
        server.execute(f"CREATE DATABASE {made[-1]}{template}".encode())
        return f"{SERVER}/{made[-1]}"

    with server:
        yield make
        for name in made:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def new_postgresql() -> Iterator[Callable[..., str]]:
    with new_databases() as make:
        yield make


@pytest.fixture(scope="module")
def filled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "var"
    filled(Place(folder))
    return folder


@pytest.fixture(scope="module")
def filled_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with new_databases() as make:
        url = make()
        filled(Place(tmp_path_factory.mktemp("filled") / "var", url))
        yield url


def filled(place: Place) -> None:
    assert place._call("migrate", "-v0").returncode == 0
    place.ask(FILL)


@pytest.fixture
def sqlite_place(filled_folder: Path, tmp_path: Path) -> Place:
    return Place(Path(shutil.copytree(filled_folder, tmp_path / "var")))


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An installation with something in it."""
    if request.param == "postgresql":
        new, like = (request.getfixturevalue(name) for name in ("new_postgresql", "filled_database"))
        return Place(tmp_path / "var", new(like))
    copy: Place = request.getfixturevalue("sqlite_place")
    return copy
