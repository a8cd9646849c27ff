"""What web servers decide without Django: bodies without a length, their own errors, how they part from a client."""

import io
import socket
import threading
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.core.servers.basehttp import WSGIRequestHandler
from gunicorn import util

from stocksync.rest.parsing import LARGEST_BODY
from stocksync.web.errors import body_for

PIECE = 65_536
DRAINED = 8 * LARGEST_BODY
LINGERING = 32


class ReadsChunks:
    """Django takes a body without a Content-Length for an empty one. It is read here, or answered 411.

    Only a server that ends the stream with the body (`wsgi.input_terminated`) lets us read it safely.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("HTTP_TRANSFER_ENCODING") or environ.get("CONTENT_LENGTH"):
            return self.application(environ, start_response)
        if not environ.get("wsgi.input_terminated"):
            return _refuse(411, "Length Required", start_response)
        body = environ["wsgi.input"].read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            # Who still sends would see a broken connection, and not the answer.
            for _ in range(DRAINED // PIECE):
                if not environ["wsgi.input"].read(PIECE):
                    break
            return _refuse(413, "Content Too Large", start_response)
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        return self.application(environ, start_response)


def _refuse(status: int, reason: str, start_response: StartResponse) -> Iterator[bytes]:
    """Without a Content-Length, so that the connection is closed: the unread body is no next request."""
    start_response(f"{status} {reason}", [("Content-Type", "application/json")])
    yield body_for(status)


def speak_json() -> None:
    """Have gunicorn and `runserver` answer what they cannot read in the shape of every error."""
    util.write_error = _write_error
    # What `runserver` would fill in may hold anything.
    WSGIRequestHandler.error_message_format = body_for(400).decode().replace("%", "%%")
    WSGIRequestHandler.error_content_type = "application/json"


def _write_error(sock: Any, status: int, reason: str, message: str) -> None:
    content = body_for(status)
    head = f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
    util.write_nonblock(sock, f"{head}Content-Length: {len(content)}\r\n\r\n".encode("latin-1") + content)


def part_aside() -> None:
    """Have gunicorn wait in a thread for a client that does not hang up, not in the loop that takes all requests.

    After an answer that ends the connection it gives the client two seconds to close its side.
    """
    wait, places = util.close_graceful, threading.BoundedSemaphore(LINGERING)

    def wait_aside(sock: socket.socket) -> None:
        try:
            wait(sock)
        finally:
            places.release()

    def part(sock: socket.socket) -> None:
        if places.acquire(blocking=False):
            threading.Thread(target=wait_aside, args=(sock,), name="parting", daemon=True).start()
        else:
            util.close(sock)

    util.close_graceful = part
