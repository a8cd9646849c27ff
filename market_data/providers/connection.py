"""HTTP connections that are made first and used when the call's turn has come.

A server counts a call when it arrives. Connecting takes as long as it takes, so the wait for the turn stands
between the connection and the first byte.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_turn = threading.local()
POOL_SIZE = 128


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
    """A kept-alive session for many threads."""

    @contextmanager
    def gate(self, wait: Callable[[], None]) -> Iterator[None]:
        """Hold this thread's next request at the door until `wait` returns."""
        _turn.wait = wait
        try:
            yield
        finally:
            _turn.wait = None


def gated_session() -> GatedSession:
    session = GatedSession()
    adapter = _GatedAdapter(pool_connections=4, pool_maxsize=POOL_SIZE)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session
