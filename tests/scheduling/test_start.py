"""The one terminal in which everything runs."""

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil
import pytest
from django.core.management import CommandError, call_command

from tests.scheduling.environments import environment
from tests.scheduling.servers import free_port

pytestmark = pytest.mark.alone


def wait_for(question: Callable[[], object], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/login/", timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def sync_worker(started: psutil.Process) -> psutil.Process | None:
    for child in started.children():
        with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if "sync@%h" in child.cmdline():
                return child
    return None


@pytest.fixture
def output(tmp_path: Path) -> Iterator[IO[bytes]]:
    with open(tmp_path / "output", "wb") as file:
        yield file


def test_everything_starts_again_when_it_dies_and_stops_together(
    tmp_path: Path, output: IO[bytes], migrated_file: Path
) -> None:
    (tmp_path / "stocksync.sqlite3").write_bytes(migrated_file.read_bytes())
    port = free_port()
    command = [sys.executable, "-m", "django", "start", "--port", str(port)]
    started = subprocess.Popen(command, env=environment(tmp_path, "", ""), stdout=output, stderr=output)
    try:
        wait_for(lambda: answers(port))
        process = psutil.Process(started.pid)
        children = process.children()
        assert len(children) == 4
        sync = sync_worker(process)
        assert sync is not None
        family = [*sync.children(recursive=True), *children]
        sync.kill()
        wait_for(lambda: sync_worker(process) not in (None, sync))
        family += process.children(recursive=True)
        started.send_signal(signal.SIGINT)
        assert started.wait(15) == 0
        wait_for(lambda: not any(child.is_running() for child in family), 5)
    finally:
        for child in psutil.Process(started.pid).children(recursive=True) if started.poll() is None else []:
            child.kill()
        started.kill()
        started.wait()
    said = (tmp_path / "output").read_text()
    assert f"http://127.0.0.1:{port}/" in said
    assert len(re.findall(r"User admin, password \S{16} \(shown only this once\)", said)) == 1
    assert "sync worker ended with code -9; it is started again in 1 s" in said
    assert said.rstrip().endswith("Stopped.")


def test_a_port_that_is_taken_is_refused_at_once() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(CommandError, match=f"^The site cannot be at 127.0.0.1:{port} .*--port.$") as refused:
            call_command("start", port=port)
    assert refused.value.returncode == 2
