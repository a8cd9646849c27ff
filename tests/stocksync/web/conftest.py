"""A program that asks, and a site that runs as a process of its own."""

import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.rest_clients import program_of, superuser
from tests.scheduling.conftest import broker_in_memory
from tests.scheduling.environments import environment
from tests.scheduling.servers import free_port

__all__ = ["broker_in_memory"]
GUNICORN = [sys.executable, "-m", "gunicorn", "stocksync.wsgi", "--threads", "4", "--log-level", "warning", "--bind"]
RUNSERVER = [sys.executable, "-m", "django", "runserver", "--noreload"]


FILLING = """import django; django.setup()
from datetime import date
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from scheduling.installing import install_schedules
from scheduling.running import trigger_now
call_command("migrate", verbosity=0)
from market_data.models import DailyBar, FinaIndicator, Security, SyncFailureRecord, SyncTask
User.objects.create_superuser("root", password="a-long-password-of-root")
install_schedules()
trigger_now("sync_daily_history")
now, day = timezone.now(), date(2024, 1, 8)
Security.objects.create(symbol="600000.SH", name="-1+1", list_date=day)
DailyBar.objects.create(symbol="600000.SH", trade_date=day, close=12.25)
FinaIndicator.objects.create(symbol="600000.SH", end_date=day, content="a", first_seen_at=now)
SyncTask.objects.create(job_type="DAILY_HISTORY", dataset="daily", status="PAUSED")
SyncFailureRecord.objects.create(job_type="DAILY_HISTORY", dataset="daily", third_code="600000.SH", symbols=[],
    error_message="Half a day.", evidence={"rows": 1}, start_date=day, end_date=day, last_attempt_at=now, max_retries=3)
call_command("create_token", "root")
"""


@pytest.fixture(autouse=True)
def web_settings(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def api(db: None) -> APIClient:
    return program_of(superuser())


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an installation with tables, a user and a token (in `token`)."""
    folder = tmp_path_factory.mktemp("site") / "var"
    made = {**environment(folder, "", ""), "DJANGO_SETTINGS_MODULE": "stocksync.settings"}
    said = subprocess.run([sys.executable, "-c", FILLING], env=made, check=True, capture_output=True, text=True)
    (folder / "token").write_text(said.stdout.split()[-1])
    return folder


@dataclass
class Site:
    """A site that runs: `send` bytes, get bytes."""

    port: int
    log: Path

    def send(self, data: bytes) -> bytes:
        parts = []
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=20)) as connection:
            with suppress(OSError):  # a server need not read all of what it refuses
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            with suppress(OSError):
                while part := connection.recv(65536):
                    parts.append(part)
        return b"".join(parts)


@contextmanager
def serving(kind: str, var: Path) -> Iterator[Site]:
    """The installation in this folder, served by "gunicorn", or by Django's own "runserver"."""
    site = Site(free_port(), var / f"{kind}.log")
    command = [*(GUNICORN if kind == "gunicorn" else RUNSERVER), f"127.0.0.1:{site.port}"]
    variables = {**environment(var, "", ""), "DJANGO_SETTINGS_MODULE": "stocksync.settings"}
    variables.pop("DEBUG", None)
    with open(site.log, "wb") as log:
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(site.port, process)
        yield site
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module", params=["gunicorn", "runserver"])
def site(request: pytest.FixtureRequest, var: Path) -> Iterator[Site]:
    with serving(request.param, var) as running:
        yield running


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the site did not start")


def answers(raw: bytes) -> list[tuple[int, dict[str, Any]]]:
    """The status and the JSON of each answer on a connection."""
    found, stream = [], io.BytesIO(raw)
    # Whoever asks with no version of HTTP gets a body without a head.
    while raw[stream.tell() :].startswith(b"HTTP/"):
        answer = http.client.HTTPResponse(_Kept(stream))  # type: ignore[arg-type]
        answer.begin()
        found.append((answer.status, json.loads(answer.read() or b"null")))
    return found


class _Kept:
    """What was received, as a socket that an answer may close."""

    def __init__(self, stream: io.BytesIO) -> None:
        self.stream = stream

    def makefile(self, mode: str) -> "_Kept":
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def close(self) -> None:
        return
