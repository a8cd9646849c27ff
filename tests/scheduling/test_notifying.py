"""People are told of incidents: once when they begin and once when they are over, by real webhooks and mail."""

import json
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from scheduling import incidents, notifying
from scheduling.incidents import Fault, Watch
from scheduling.models import Incident

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


class Look:
    """A watch whose faults a test decides."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.watch = Watch("sample", lambda: self.faults)

    def sees(self, *names: str) -> None:
        self.faults = [Fault(name, f"{name} is broken: mend it.") for name in names]
        incidents.refresh(self.watch)

    def sees_nothing_for_a_while(self) -> None:
        Incident.objects.update(seen_at=timezone.now() - incidents.OVER_AFTER - timedelta(seconds=1))
        self.sees()


@pytest.fixture
def look() -> Look:
    return Look()


def test_an_incident_is_told_once_and_its_end_once(hook: Any, look: Look) -> None:
    for _ in range(3):
        look.sees("pump")
        notifying.notify()
    (told,) = hook.received
    assert (told["title"], told["message"]) == ("stocksync: sample: pump", "pump is broken: mend it.")
    for _ in range(3):
        look.sees_nothing_for_a_while()
        notifying.notify()
    assert [message["title"] for message in hook.received[1:]] == ["stocksync: over: sample: pump"]
    assert "pump is broken" in hook.received[1]["message"]


def test_several_incidents_are_one_message(hook: Any, look: Look) -> None:
    look.sees("pump", "valve")
    assert notifying.notify() == 2
    (told,) = hook.received
    assert told["title"] == "stocksync: 2 incidents"
    assert "pump is broken: mend it.\nvalve is broken: mend it." in told["message"]


def test_a_fault_that_comes_back_is_another_incident(hook: Any, look: Look) -> None:
    look.sees("pump")
    notifying.notify()
    look.sees_nothing_for_a_while()
    look.sees("pump")
    notifying.notify()
    titles = [message["title"] for message in hook.received]
    assert titles == ["stocksync: sample: pump", "stocksync: sample: pump", "stocksync: over: sample: pump"]


def test_what_could_not_be_sent_is_sent_again(hook: Any, look: Look, caplog: pytest.LogCaptureFixture) -> None:
    look.sees("pump")
    hook.status = 500
    assert notifying.notify() == 0
    assert "could not be sent" in caplog.text
    hook.status = 200
    assert notifying.notify() == 1
    assert notifying.notify() == 0


def test_incidents_from_before_somebody_wanted_to_be_told_are_not_told_days_later(hook: Any, look: Look) -> None:
    look.sees("pump")
    Incident.objects.update(opened_at=timezone.now() - timedelta(days=2))
    assert notifying.notify() == 0


def test_mail_is_sent(mail: Any, look: Look) -> None:
    look.sees("pump")
    assert notifying.notify() == 1
    (letter,) = mail.received
    assert "Subject: stocksync: sample: pump" in letter


def test_an_address_that_is_none_is_named_without_its_secrets(
    settings: Any, look: Look, caplog: pytest.LogCaptureFixture
) -> None:
    settings.NOTIFY_URLS = ["nonsense://user:secret@example.com"]
    look.sees("pump")
    assert notifying.notify() == 0
    assert "does not understand: nonsense://" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [
        (None, time(3), False),
        ((time(23), time(7)), time(23), True),
        ((time(23), time(7)), time(6, 59), True),
        ((time(23), time(7)), time(7), False),
        ((time(12), time(13)), time(12, 30), True),
        ((time(12), time(13)), time(23), False),
    ],
)
def test_quiet_hours_may_span_midnight(settings: Any, hours: Any, at: time, quiet: bool) -> None:
    settings.ALERT_QUIET_HOURS = hours
    assert notifying.is_quiet(at) is quiet


def test_what_began_and_ended_in_quiet_hours_is_told_once_when_they_are_over(
    hook: Any, look: Look, settings: Any
) -> None:
    settings.ALERT_QUIET_HOURS = (time(23), time(7))
    with time_machine.travel(datetime(2026, 6, 1, 17, 0, tzinfo=UTC)):  # 01:00 in Shanghai
        look.sees("pump", "valve")
        Incident.objects.filter(key="sample:pump").update(seen_at=timezone.now() - timedelta(minutes=2))
        look.faults = look.faults[1:]
        incidents.refresh(look.watch)
        assert notifying.notify() == 0
    with time_machine.travel(datetime(2026, 6, 1, 23, 30, tzinfo=UTC)):  # 07:30
        assert notifying.notify() == 2
        assert notifying.notify() == 0
    assert [message["title"] for message in hook.received] == [
        "stocksync: sample: valve",
        "stocksync: over: sample: pump",
    ]


def test_the_digest_is_sent_once_a_day_at_its_hour(hook: Any, look: Look, settings: Any) -> None:
    settings.ALERT_DIGEST_AT = time(8, 30)
    look.sees("pump")
    sent = []
    for day, hour, minute in ((1, 0, 29), (1, 0, 31), (1, 0, 50), (1, 2, 0), (2, 0, 30), (2, 0, 31)):
        with time_machine.travel(datetime(2026, 6, day, hour, minute, tzinfo=UTC)):
            sent.append(notifying.send_digest())
    assert sent == [False, True, False, False, True, False]
    assert [message["title"] for message in hook.received] == ["stocksync: 2026-06-01", "stocksync: 2026-06-02"]
    assert "1 incidents go on.\npump is broken: mend it." in hook.received[0]["message"]


def test_a_digest_that_could_not_be_sent_is_sent_again(hook: Any, settings: Any) -> None:
    settings.ALERT_DIGEST_AT = time(8, 30)
    with time_machine.travel(datetime(2026, 6, 1, 0, 31, tzinfo=UTC)):
        hook.status = 500
        assert notifying.send_digest() is False
        hook.status = 200
        assert notifying.send_digest() is True
