"""Keeps processes running: starts them, restarts what dies, stops them all together."""

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.3
LONGEST_PAUSE_SECONDS = 60.0
STEADY_AFTER_SECONDS = 60.0


class Child:
    """One process that is wanted, in a session of its own, so that Ctrl-C reaches it only through its supervisor."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name
        self.command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = 1.0
        self._started = self._start_at = 0.0

    def look(self) -> None:
        """Start the process where it does not run and its pause is over."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._start_at:
                self._started = now
                self._process = subprocess.Popen(self.command, start_new_session=True, stdin=subprocess.DEVNULL)
        elif (code := self._process.poll()) is not None:
            self.kill()
            self._process = None
            self._pause = 1.0 if now - self._started > STEADY_AFTER_SECONDS else self._pause
            log.error("%s ended with code %s; it is started again in %g s", self.name, code, self._pause)
            self._start_at, self._pause = now + self._pause, min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def terminate(self) -> None:
        if self._process and self.is_running():
            self._process.terminate()

    def kill(self) -> None:
        """End the process with whatever it has started."""
        if self._process:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self._process.wait()


def supervise(children: Sequence[Child], patience_seconds: float, look: Callable[[], None] = lambda: None) -> None:
    """Keep the processes running until SIGINT or SIGTERM; then end them, those that hesitate with SIGKILL. Meanwhile
    `look` is called a few times a second."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not stop.is_set():
            for child in children:
                child.look()
            look()
            stop.wait(LOOK_EVERY_SECONDS)
    finally:
        _stop(children, patience_seconds)
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(children: Sequence[Child], patience_seconds: float) -> None:
    for child in children:
        child.terminate()
    deadline = time.monotonic() + patience_seconds
    while any(child.is_running() for child in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    for child in children:
        if child.is_running():
            log.warning("%s did not end in %g s and is killed", child.name, patience_seconds)
        child.kill()
