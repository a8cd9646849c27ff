"""A tiny HTTP server that answers as a test says."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Notes what came and answers as the server says."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, body, self.client_address[1]))
        self.server.reply(self)

    def send(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        pass


class Server(ThreadingHTTPServer):
    """A server that answers everything alike; `seen` are (path, body, port of the other side)."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, dict[str, Any], int]] = []
        self.reply: Reply = answering(fields=["ts_code", "close"], items=[["600001.SH", 10.5]])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


def answering(code: int = 0, msg: str = "", headers: dict[str, str] | None = None, **data: Any) -> Reply:
    body = {"request_id": "x", "code": code, "msg": msg, "data": data or None}
    return sending(200, json.dumps(body).encode(), **(headers or {}))


def sending(status: int, content: bytes, **headers: str) -> Reply:
    return lambda handler: handler.send(status, content, **headers)
