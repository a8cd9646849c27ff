"""A broker without a server: kombu's files in a folder, made safe for several processes."""

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import IO, Any

from kombu.transport import TRANSPORT_ALIASES, filesystem, virtual
from kombu.utils.json import dumps, loads

NAME = "embedded"
LOCK_SECONDS = 5.0
LOCK_PAUSE_SECONDS = 0.01


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class Channel(filesystem.Channel):
    """kombu's own channel lets a reader see a message, or a table of bindings, that is half written."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        name = f"{time.time_ns()}_{uuid.uuid4()}.{queue}.msg"
        hidden = Path(self.data_folder_out) / f".{name}"
        with open(hidden, "w", opener=_for_its_owner) as file:
            file.write(dumps(payload))
        hidden.rename(Path(self.data_folder_out) / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        folder = Path(self.data_folder_in)
        for name in sorted(os.listdir(folder)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = folder / f".{name}"
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:  # another worker was faster
                continue
            payload = taken.read_text()
            taken.unlink()
            return loads(payload)
        raise Empty

    def get_table(self, exchange: str) -> list[Any]:
        with self._locked_bindings():
            return list(super().get_table(exchange))

    def _queue_bind(self, *args: Any) -> None:
        with self._locked_bindings():
            super()._queue_bind(*args)
            for path in self.control_folder.iterdir():
                path.chmod(0o600)

    def _delete(self, *args: Any, **kwargs: Any) -> None:
        with self._locked_bindings():
            super()._delete(*args, **kwargs)

    @contextmanager
    def _locked_bindings(self) -> Iterator[None]:
        with open(self.control_folder / "lock", "w", opener=_for_its_owner) as file:
            _lock(file)
            yield


def _lock(file: IO[str]) -> None:
    """Raises TimeoutError where another process has the lock and hangs."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"another process holds {file.name}") from None
            time.sleep(LOCK_PAUSE_SECONDS)
        else:
            return


class Transport(filesystem.Transport):
    """`embedded://`, with its folders in the transport options."""

    Channel = Channel

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        # kombu shares this memory of bindings among all connections of a process, whatever their folders.
        self.state = virtual.BrokerState()


TRANSPORT_ALIASES[NAME] = f"{__name__}:Transport"
