"""Tushare's wire protocol over HTTP, answered from a market of our own."""

import json
import socket
import sys
from contextlib import suppress
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

from market_data.standin import replies
from market_data.standin.call_log import Call
from market_data.standin.desk import Desk
from market_data.standin.replies import Reply
from market_data.standin.rules import Rules
from market_data.standin.tables import Market

MADE_UP_HEADER = "X-Stocksync-Made-Up"


class Standin:
    """A server in a thread of its own for the length of a `with`. `rules` may be replaced at any time."""

    def __init__(
        self,
        market: Market,
        rules: Rules | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        log: Path | None = None,
    ) -> None:
        self._desk = Desk(market, rules or Rules(), log)
        self._server = _Server((host, port), self._desk)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://{host}:{self._server.server_port}"

    @property
    def calls(self) -> list[Call]:
        return self._desk.log.calls

    @property
    def rules(self) -> Rules:
        return self._desk.rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._desk.rules = rules

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._desk.stopping.set()
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._thread.join()
        self._desk.log.close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024
    # Closing waits for the threads, so that none of them writes into a closed log.
    daemon_threads = False

    def __init__(self, address: tuple[str, int], desk: Desk) -> None:
        self.desk = desk
        self.connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            value = json.loads(body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            self._send(replies.plain(400, {"error": "the body must be a JSON object"}))
        elif self.path == "/standin/rules":
            self._send(self._change_rules(value))
        elif self.path.rstrip("/") in ("", "/dataapi") or self.path.startswith("/dataapi/"):
            self._send(self.server.desk.reply(value))
        else:
            self._send(replies.plain(404, {"error": "nothing here"}))

    def do_GET(self) -> None:
        desk = self.server.desk
        if self.path == "/standin/rules":
            self._send(replies.plain(200, asdict(desk.rules)))
        elif self.path == "/standin/calls":
            self._send(replies.plain(200, [asdict(call) for call in list(desk.log.calls)]))
        else:
            self._send(replies.plain(404, {"error": "nothing here"}))

    def _change_rules(self, wanted: dict[str, Any]) -> Reply:
        desk = self.server.desk
        try:
            desk.rules = desk.rules.changed(wanted)
        except ValueError as error:
            return replies.plain(400, {"error": str(error)})
        return replies.plain(200, asdict(desk.rules))

    def _send(self, reply: Reply) -> None:
        if reply.status is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        if self.server.desk.market.made_up:
            self.send_header(MADE_UP_HEADER, "1")
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """The call log says it all; the console stays quiet."""
