"""The brokers that tests talk to, and a Redis server of a test's own, to be killed and started again."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from kombu import Connection

REDIS_URL = "redis://127.0.0.1:6379/5"
RABBITMQ_URL = "amqp://guest:guest@127.0.0.1:5672/stocksync-scheduling-test"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def answering_redis(url: str) -> Iterator["redis.Redis[bytes]"]:
    """A connection to a Redis; the test is skipped where none answers."""
    with redis.Redis.from_url(url) as client:
        try:
            client.ping()
        except redis.ConnectionError:
            pytest.skip("no Redis answers")
        yield client


@contextmanager
def shut(database_url: str) -> Iterator[None]:
    """Nobody can connect to this database of PostgreSQL meanwhile; who is connected stays so."""
    with _server_of(database_url) as (server, name):
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        try:
            yield
        finally:
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())


def cut_off(database_url: str) -> int:
    """Cut every connection to the database. How many they were."""
    with _server_of(database_url) as (server, name):
        sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        return len(server.execute(sql, [name]).fetchall())


@contextmanager
def _server_of(database_url: str) -> Iterator[tuple["psycopg.Connection[tuple[object, ...]]", str]]:
    address, _, name = database_url.rpartition("/")
    with psycopg.connect(f"{address}/postgres", autocommit=True) as server:
        yield server, name


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
    addresses: tuple[str, ...] = ("127.0.0.1",)
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start with nothing stored, and return once it answers."""
        command = ["redis-server", "--port", str(self.port), "--save", ""]
        command += ["--bind", *self.addresses, "--protected-mode", "no"]
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


def own_server(folder: Path, *addresses: str) -> RedisServer:
    """One that runs; the test is skipped where Redis is not installed."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    server = RedisServer(folder, ("127.0.0.1", *addresses))
    server.start()
    return server
