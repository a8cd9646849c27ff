"""People are told of runs that did not do their work: once, by real webhooks and mail."""

import json
import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.utils import timezone

from scheduling import notifying, sweeping
from scheduling.context import Status
from scheduling.models import Execution

pytestmark = pytest.mark.django_db(transaction=True)


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's
        return


class _Mail(socketserver.StreamRequestHandler):
    """As much of a mail server as one letter needs."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        letter, in_letter = [], False
        for line in self.rfile:
            text = line.decode().rstrip("\r\n")
            if in_letter and text == ".":
                self.server.received.append("\n".join(letter))  # type: ignore[attr-defined]
                in_letter = False
            elif in_letter:
                letter.append(text)
                continue
            in_letter = text.upper() == "DATA"
            self.wfile.write(b"354 go on\r\n" if in_letter else b"250 fine\r\n")


def serving(server: Any) -> Iterator[Any]:
    server.received, server.status = [], 200
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hook(settings: Any) -> Iterator[Any]:
    for server in serving(HTTPServer(("127.0.0.1", 0), _Hook)):
        settings.NOTIFY_URLS = [f"json://127.0.0.1:{server.server_port}/"]
        yield server


@pytest.fixture
def mail(settings: Any) -> Iterator[Any]:
    for server in serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail)):
        port = server.server_address[1]
        settings.NOTIFY_URLS = [
            f"mailto://127.0.0.1:{port}/?from=stocksync@example.com&to=me@example.com&smtp=127.0.0.1"
        ]
        yield server


def ended(status: Status, *, ago: timedelta = timedelta(minutes=1), **fields: Any) -> Execution:
    at = timezone.now() - ago
    return Execution.objects.create(
        job_id="daily",
        job_type="daily",
        trigger="cron",
        queue="sync",
        status=status,
        queued_at=at,
        finished_at=at,
        **fields,
    )


def test_runs_that_ended_badly_are_told_of_once(hook: Any) -> None:
    ended(Status.FAILED, error_message="The token is wrong.")
    ended(Status.PARTIAL, error_message="3 parts are not complete.")
    for status in (Status.SUCCESS, Status.SKIPPED, Status.CANCELLED):
        ended(status)
    ended(Status.LOST, ago=timedelta(days=2))
    assert (notifying.notify(), notifying.notify()) == (2, 0)
    (told,) = hook.received
    assert told["title"] == "stocksync: 2 runs"
    assert "daily ended as FAILED" in told["message"]
    assert "The token is wrong." in told["message"]
    assert "3 parts are not complete." in told["message"]


def test_what_could_not_be_sent_is_sent_again(hook: Any, caplog: pytest.LogCaptureFixture) -> None:
    ended(Status.LOST)
    hook.status = 500
    assert notifying.notify() == 0
    assert "could not be told of" in caplog.text
    hook.status = 200
    assert notifying.notify() == 1
    assert hook.received[-1]["title"] == "stocksync: daily LOST"


def test_mail_is_sent(mail: Any) -> None:
    ended(Status.FAILED, error_message="The provider is down.")
    assert notifying.notify() == 1
    (letter,) = mail.received
    assert "Subject: stocksync: daily FAILED" in letter


def test_an_address_that_is_none_is_named_without_its_secrets(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.NOTIFY_URLS = ["nonsense://user:secret@example.com"]
    ended(Status.FAILED)
    assert notifying.notify() == 0
    assert "does not understand: nonsense://" in caplog.text
    assert "secret" not in caplog.text


def test_the_sweep_tells_every_half_minute_and_nobody_where_no_address_is(
    hook: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    monkeypatch.setattr(notifying, "notify_in_background", lambda: told.append(1))
    for _ in range(2):
        sweeping.sweep()
    settings.NOTIFY_URLS = []
    sweeping.sweep()
    assert told == [1]
