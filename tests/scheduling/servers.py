"""The brokers that tests talk to, and a Redis server of a test's own, to be killed and started again."""

import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
from kombu import Connection

REDIS_URL = "redis://127.0.0.1:6379/5"
RABBITMQ_URL = "amqp://guest:guest@127.0.0.1:5672/stocksync-scheduling-test"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def purge(connection: Connection) -> None:
    """Drop every message that waits, as a broker does that lost its disk."""
    for queue in ("sync", "control"):
        channel: Any = connection.channel()
        try:
            channel.queue_purge(queue)
        except connection.channel_errors:
            continue


@dataclass
class RedisServer:
    folder: Path
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start with nothing stored, and return once it answers."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        with open(self.folder / "redis.log", "ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline, (self.folder / "redis.log").read_text()
            time.sleep(0.1)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """It keeps its connections, takes new ones, and answers nothing."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def lose_messages(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushdb()

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


def own_server(folder: Path) -> RedisServer:
    """One that runs; the test is skipped where Redis is not installed."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    server = RedisServer(folder)
    server.start()
    return server
