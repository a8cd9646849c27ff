"""HTTP servers that run beside a test or a demonstration."""

import socket
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Any, Protocol, Self

from market_data.providers.base import MADE_UP_HEADER
from market_data.standin.call_log import Call, CallLog
from market_data.standin.replies import Reply


class ServedMarket(Protocol):
    """What a server asks of its market: whether it is made up."""

    @property
    def made_up(self) -> bool: ...


class ServedDesk(Protocol):
    """What a server asks of the desk behind it: to answer until it stops, and to keep a log."""

    @property
    def market(self) -> ServedMarket: ...

    log: CallLog
    stopping: Event


class ReplyHandler(BaseHTTPRequestHandler):
    """Sends replies as they are."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: "_Server"

    def send(self, reply: Reply) -> None:
        if reply.status is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        if self.server.desk.market.made_up:
            self.send_header(MADE_UP_HEADER, "1")
        if self.close_connection:
            # Without it a client may send its next request into a connection that is being closed.
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """The call log says it all; the console stays quiet."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    # Closing waits for the threads, so that none of them writes into a closed log.
    daemon_threads = False

    def __init__(self, address: tuple[str, int], desk: ServedDesk, handler: type[ReplyHandler]) -> None:
        self.desk = desk
        self.connections: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wake the threads that wait for the next request of a kept connection."""
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that has gone away is nothing to report
            super().handle_error(request, client_address)


class BackgroundServer:
    """A server in a thread of its own for the length of a `with`."""

    def __init__(self, desk: ServedDesk, handler: type[ReplyHandler], host: str, port: int) -> None:
        self._served = desk
        self._server = _Server((host, port), desk, handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://{host}:{self._server.server_port}"

    @property
    def calls(self) -> list[Call]:
        return self._served.log.calls

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._served.stopping.set()
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._thread.join()
        self._served.log.close()
