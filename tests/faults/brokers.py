"""Brokers that can be cut, frozen, restarted and robbed of their messages."""

import contextlib
import fcntl
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kombu import Connection

from tests.scheduling.servers import RABBITMQ_URL, RedisServer, purge


class Embedded:
    """Files in the installation's folder: nothing to be cut off from."""

    url = ""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "broker"

    def cut(self) -> bool:
        return False

    @contextmanager
    def frozen(self) -> Iterator[None]:
        with open(self._folder / "control" / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def lose_messages(self) -> None:
        for message in (self._folder / "queue").glob("*"):
            message.unlink(missing_ok=True)


class Redis:
    """A server of our own, which keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self._server = RedisServer(folder)
        self._server.start()
        self.url = self._server.url

    def cut(self) -> bool:
        self._server.kill()
        time.sleep(1)
        self._server.start()
        return True

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self._server.freeze()
        try:
            yield
        finally:
            self._server.thaw()

    def lose_messages(self) -> None:
        self._server.lose_messages()

    def close(self) -> None:
        self._server.kill()


class RabbitMQ:
    """The machine's server behind a door of our own, which can be shut."""

    def __init__(self) -> None:
        host, _, port = RABBITMQ_URL.split("@")[1].split("/")[0].partition(":")
        self._door = Door((host, int(port)))
        self.url = RABBITMQ_URL.replace(f"{host}:{port}", f"127.0.0.1:{self._door.port}")
        self.lose_messages()

    def cut(self) -> bool:
        self._door.cut()
        return True

    @contextmanager
    def frozen(self) -> Iterator[None]:
        self._door.is_open.clear()
        try:
            yield
        finally:
            self._door.is_open.set()

    def lose_messages(self) -> None:
        with Connection(RABBITMQ_URL) as connection:
            purge(connection)

    def close(self) -> None:
        self._door.close()
        self.lose_messages()


class Door:
    """Passes what comes to a port of its own on to an address while it is open."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._sockets: set[socket.socket] = set()
        self.port = int(self._listening.getsockname()[1])
        self.is_open = threading.Event()
        self.is_open.set()
        threading.Thread(target=self._take, daemon=True).start()

    def cut(self) -> None:
        for one in list(self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()
        self.cut()

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                theirs, _ = self._listening.accept()
                ours = socket.create_connection(self._address)
                for source, target in ((theirs, ours), (ours, theirs)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        self._sockets.add(source)
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self.is_open.wait()
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        self._sockets.discard(source)


Broker = Embedded | Redis | RabbitMQ


@contextmanager
def broker_named(name: str, folder: Path) -> Iterator[Broker]:
    """A broker that runs; `folder` is the installation's."""
    if name == "embedded":
        yield Embedded(folder)
        return
    if name == "redis" and shutil.which("redis-server") is None:
        raise SystemExit("redis-server is not installed")
    made = Redis(folder) if name == "redis" else RabbitMQ()
    try:
        yield made
    finally:
        made.close()
