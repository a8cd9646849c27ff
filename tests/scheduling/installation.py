"""An installation of its own for a test: a database, a broker, and real processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

from scheduling.models import Execution

T = TypeVar("T")
CELERY = [sys.executable, "-m", "celery", "-A", "stocksync", "--quiet"]
WORKER = ["worker", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
COMMANDS = {
    "control": [*CELERY, *WORKER, "-Q", "control", "-n", "control@test", "--pool", "solo"],
    "sync": [*CELERY, *WORKER, "-Q", "sync", "-n", "sync@test", "--concurrency", "2"],
    "second sync": [*CELERY, *WORKER, "-Q", "sync", "-n", "sync@other", "--concurrency", "2"],
    "beat": [*CELERY, "beat", "--pidfile=", "--loglevel", "INFO"],
    "second beat": [*CELERY, "beat", "--pidfile=", "--loglevel", "INFO"],
}


@dataclass
class Installation:
    folder: Path
    environment: dict[str, str]
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def trace(self) -> Path:
        return self.folder / "trace"

    def start(self, *names: str, host: Sequence[str] = (), **environment: str) -> None:
        """Start processes; `host` is what to put before a command to run it on another host."""
        for name in names:
            with open(self.folder / f"{name}.log", "ab") as log:
                self.processes[name] = subprocess.Popen(
                    [*host, *COMMANDS[name]],
                    env=self.environment | environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def kill_tree(self, name: str) -> None:
        """End a process and all it has started, as a power cut does."""
        process = self.processes.pop(name)
        for part in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
            part.kill()
        process.wait()

    def terminate(self, name: str) -> int:
        process = self.processes[name]
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        return self.processes.pop(name).returncode

    def stop(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def wait(self, question: Callable[[], T], seconds: float = 30) -> T:
        """Ask until the answer is true; what the processes said is shown where it never is."""
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            if time.monotonic() > deadline:
                logs = "\n".join(f"== {name}\n{self.log(name)[-4000:]}" for name in self.processes)
                states = list(Execution.objects.values("job_id", "status", "attempt", "error_message"))
                raise AssertionError(f"It did not happen in {seconds} s.\n{states[:20]}\n{logs}")
            time.sleep(0.1)
        return answer

    def wait_for(self, status: str, count: int = 1, seconds: float = 30) -> list[Execution]:
        """The executions in this state, once there are so many."""

        def found() -> list[Execution]:
            executions = list(Execution.objects.filter(status=status))
            return executions if len(executions) >= count else []

        return self.wait(found, seconds)
