"""Real servers: what a body without a length, a line without an end and a method of no kind get."""

import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from stocksync.rest.parsing import LARGEST_BODY
from tests.stocksync.web.conftest import Site, answers

JOB = "/scheduler/jobs/sync_daily_history"


def request(token: str, method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Token {token}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.fixture
def token(var: Path) -> str:
    return (var / "token").read_text()


def ask(site: Site, token: str, method: str, path: str, *headers: str, body: bytes = b"") -> Any:
    return answers(site.send(request(token, method, path, "Connection: close", *headers, body=body)))


def test_a_chunked_body_is_read_or_refused_and_never_taken_for_done(site: Site, token: str) -> None:
    ask(site, token, "PATCH", JOB, "Content-Length: 17", body=b'{"name": "Whole"}')
    body = chunked(b'{"na', b'me": "By chunks"}')
    (status, said), *rest = ask(site, token, "PATCH", JOB, "Transfer-Encoding: chunked", body=body)
    shown = ask(site, token, "GET", JOB)[0][1]["name"]
    assert (status, shown == "By chunks") in ((200, True), (411, False)), said
    assert rest == []


def test_what_follows_a_refused_body_is_no_request(site: Site, token: str) -> None:
    hidden = request(token, "POST", f"{JOB}/stop", "Content-Length: 0")
    sent = request(token, "PATCH", JOB, "Transfer-Encoding: chunked", body=chunked(hidden))
    assert [status for status, _ in answers(site.send(sent))] in ([400], [411])
    assert ask(site, token, "GET", JOB)[0][1]["is_active"]


@pytest.mark.parametrize("ending", [b"zz\r\n", b"5\r\nab", b"-1\r\n\r\n"])
def test_a_chunked_body_that_breaks_off_changes_nothing(site: Site, token: str, ending: bytes) -> None:
    before = ask(site, token, "GET", JOB)[0][1]["name"]
    ask_raw = request(token, "PATCH", JOB, "Transfer-Encoding: chunked", body=b'f\r\n{"name": "Half"\r\n' + ending)
    said = answers(site.send(ask_raw))
    assert all(status >= 400 and set(body) == {"error"} for status, body in said)
    assert ask(site, token, "GET", JOB)[0][1]["name"] == before


def test_a_chunked_body_without_end_is_not_kept_in_memory(site: Site, token: str) -> None:
    body = chunked(*[b" " * 250_000] * (LARGEST_BODY // 250_000 + 1))
    (status, said), *_ = ask(site, token, "PATCH", JOB, "Transfer-Encoding: chunked", body=body)
    assert status in (411, 413)
    assert said["error"]["code"] in ("length_required", "too_large")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /market-data/bars?symbol=" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /market-data/bars HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/x\r\n\r\n",
        b"G\x00T /scheduler/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_what_a_server_cannot_read_is_answered_in_the_shape_of_every_error(site: Site, sent: bytes) -> None:
    for status, said in answers(site.send(sent)):
        assert 400 <= status < 500
        assert set(said["error"]) == {"code", "message", "field"}


@pytest.mark.parametrize(
    "path", ["/scheduler/nothing", "/market-data/%00", "/scheduler/jobs?limit=%00", "/schema?version=%00"]
)
def test_errors_of_django_are_json_below_an_interface(site: Site, token: str, path: str) -> None:
    (status, said), *_ = ask(site, token, "GET", path)
    assert status in (400, 404)
    assert set(said["error"]) == {"code", "message", "field"}


def test_a_foreign_host_is_told_in_json_too(site: Site, token: str) -> None:
    sent = request(token, "GET", "/scheduler/jobs", "Connection: close").replace(b"localhost", b"evil.example")
    (status, said), *_ = answers(site.send(sent))
    assert (status, said["error"]["code"]) == (400, "bad_request")


def test_the_files_of_a_site_are_for_its_owner_alone(site: Site, var: Path) -> None:
    (var / "token").chmod(0o600)
    for log in var.glob("*.log"):
        log.chmod(0o600)
    assert var.stat().st_mode & 0o777 == 0o700
    open_to_others = [path for path in var.rglob("*") if path.lstat().st_mode & 0o077 and not path.is_symlink()]
    assert open_to_others == []


def test_clients_that_do_not_hang_up_hold_nobody_up(site: Site, token: str) -> None:
    ask(site, token, "GET", JOB)
    sent = request(token, "GET", JOB, "Connection: close")
    with ExitStack() as open_sockets:
        for _ in range(6):
            waiting = open_sockets.enter_context(socket.create_connection(("127.0.0.1", site.port)))
            waiting.sendall(sent)
            assert waiting.recv(9) == b"HTTP/1.1 "
        began = time.monotonic()
        ((status, _),) = ask(site, token, "GET", JOB)
        assert status == 200
        assert time.monotonic() - began < 1.5
