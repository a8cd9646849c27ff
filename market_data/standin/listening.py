"""An HTTP server in a thread of its own, as every stand-in needs one."""

import socket
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from market_data.standin.call_log import CallLog
from market_data.standin.replies import Reply

MADE_UP_HEADER = "X-Stocksync-Made-Up"


class Listener(ThreadingHTTPServer):
    """Serves requests in threads of their own; `owner` is who answers them."""

    request_queue_size = 1024
    # Closing waits for the threads, so that none of them writes into a closed log.
    daemon_threads = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], owner: Any) -> None:
        self.owner = owner
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


class Running:
    """A listener for the length of a `with`. Setting `stopping` ends all waiting; the log is closed at the end."""

    def __init__(self, listener: Listener, log: CallLog, stopping: Event) -> None:
        self._listener = listener
        self._log = log
        self._stopping = stopping
        self._thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        host = listener.server_address[0]
        self.url = f"http://{host if isinstance(host, str) else host.decode()}:{listener.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._listener.shutdown()
        self._listener.close_connections()
        self._listener.server_close()
        self._thread.join()
        self._log.close()


class Answering(BaseHTTPRequestHandler):
    """Sends replies; what to reply is for the server's owner to say."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Listener

    def send(self, reply: Reply, *, made_up: bool) -> None:
        if reply.status is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        if made_up:
            self.send_header(MADE_UP_HEADER, "1")
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """The call log says it all; the console stays quiet."""
