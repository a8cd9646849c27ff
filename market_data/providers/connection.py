"""HTTP connections that are made first, used when the call's turn has come, and cut when a call takes too long.

A server counts a call when it arrives. Connecting takes as long as it takes, so the wait for the turn stands
between the connection and the first byte. A time-out bounds the wait for each byte, not for all of them: a deadline
for the whole call closes the connection under whoever still reads from it.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_turn = threading.local()
POOL_SIZE = 128


class _Deadline:
    """Closes the connection of one call when its time is over."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._seconds = seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def begin(self, connected: socket.socket | None) -> None:
        """Count from now on: the call's turn has come."""
        with self._lock:
            self._socket = connected
            if self._timer is None:
                self._start(self._seconds)

    def shorten(self, seconds: float) -> None:
        """Let a call that is under way end in so many seconds, whatever was said before."""
        with self._lock:
            if self._timer is not None:
                self._start(seconds)

    def cancel(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()

    def _start(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def _end(self) -> None:
        self.is_over = True
        connected = self._socket
        if connected is not None:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


class _Gated:
    """Connects, waits for the thread's turn, connects again if the other side has closed meanwhile, and sends."""

    def request(self: Any, *args: Any, **kwargs: Any) -> None:
        if not self.is_connected:
            self.connect()
        wait: Callable[[], None] | None = getattr(_turn, "wait", None)
        if wait is not None:
            wait()
        if not self.is_connected:
            self.close()
            self.connect()
        deadline: _Deadline | None = getattr(_turn, "deadline", None)
        if deadline is not None:
            deadline.begin(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]


class _GatedHTTPConnection(_Gated, HTTPConnection):
    pass


class _GatedHTTPSConnection(_Gated, HTTPSConnection):
    pass


class _GatedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _GatedHTTPConnection


class _GatedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GatedHTTPSConnection


class _GatedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _GatedHTTPPool, "https": _GatedHTTPSPool}


class GatedSession(requests.Session):
    """A session for many threads, kept alive where the other side allows it."""

    def __init__(self) -> None:
        super().__init__()
        self._deadlines: set[_Deadline] = set()
        adapter = _GatedAdapter(pool_connections=4, pool_maxsize=POOL_SIZE)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Give this thread's request so many seconds from its turn on. Raises requests.Timeout when they are over."""
        deadline = _turn.deadline = _Deadline(seconds)
        self._deadlines.add(deadline)
        try:
            yield
        except (requests.RequestException, OSError) as error:
            if deadline.is_over and not isinstance(error, requests.Timeout):
                raise requests.ReadTimeout(f"no whole answer within {seconds:g} s") from error
            raise
        finally:
            _turn.deadline = None
            deadline.cancel()
            self._deadlines.discard(deadline)

    def hurry(self, seconds: float) -> None:
        """Let every request that is under way end within so many seconds."""
        for deadline in list(self._deadlines):
            deadline.shorten(seconds)

    @contextmanager
    def gate(self, wait: Callable[[], None]) -> Iterator[None]:
        """Hold this thread's next request at the door until `wait` returns."""
        _turn.wait = wait
        try:
            yield
        finally:
            _turn.wait = None
