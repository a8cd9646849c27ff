"""A server that counts calls as they arrive, and processes that call it through the limiter."""

import os
import socket
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[3]


def busiest(times: list[float], window: float) -> int:
    """Return the most calls that any window saw."""
    times = sorted(times)
    return max((bisect_left(times, at + window) - first for first, at in enumerate(times)), default=0)


class CountingServer:
    """Accepts connections and remembers when each arrived."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._socket.getsockname()[1]
        self._thread = Thread(target=self._count)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # shut down
                return
            self.arrivals.append(monotonic())
            connection.close()


class Sender:
    """A process that runs `sender.py`, and has said that it is ready."""

    def __init__(self, environment: Mapping[str, str], *arguments: object) -> None:
        command = [sys.executable, "-m", "tests.market_data.ratelimit.sender", *map(str, arguments)]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def hear(self, word: str) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline().strip() == word

    def go(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("go\n")
        self.process.stdin.flush()


def send_from(
    environment: Mapping[str, str], processes: int, calls: int, limit: int, window: float, margin: float
) -> list[float]:
    """Let processes that share an account send so many calls each; return when the calls arrived."""
    with CountingServer() as server, ExitStack() as stack:
        senders = [
            stack.enter_context(Sender(environment, "send", server.port, calls, limit, window, margin))
            for _ in range(processes)
        ]
        for sender in senders:
            sender.hear("ready")
        for sender in senders:
            sender.go()
        for sender in senders:
            sender.hear("done")
    return server.arrivals
