"""A source that answers byte by byte holds nobody up: not past its time-out, and not a person who stops the run."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from market_data.exceptions import Transient
from market_data.providers.base import Call, NoTurn
from market_data.providers.connection import GatedSession
from market_data.providers.tushare import Client

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.fixture(params=["headers", "body"])
def dripping(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server that sends a byte each fifth of a second, and never ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def answer(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.recv(65536)
            connection.sendall(HEAD if request.param == "body" else b"H")
            while not done.wait(0.2):
                connection.sendall(b" ")

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    done.set()
    listener.close()


def ask(client: Client) -> float:
    """How long it took until the call was given up."""
    began = time.monotonic()
    with pytest.raises(Transient, match="takes too long"):
        client.ask(Call("daily", {}, ("ts_code",)), NoTurn(), lambda answer: answer)
    client.close()
    return time.monotonic() - began


def test_a_call_ends_when_its_time_is_over(dripping: str) -> None:
    assert 0.9 < ask(Client("token", dripping, 1.0)) < 5


def test_a_call_under_way_ends_soon_after_a_person_stops_the_run(dripping: str) -> None:
    client = Client("token", dripping, 600.0)
    threading.Timer(0.5, client.hurry).start()
    assert 3 < ask(client) < 8


def test_the_time_begins_with_the_turn_and_not_with_the_wait_for_it(dripping: str) -> None:
    class Patient(NoTurn):
        def wait(self) -> None:
            time.sleep(1.5)

    client = Client("token", dripping, 1.0)
    began = time.monotonic()
    with pytest.raises(Transient, match="takes too long"):
        client.ask(Call("daily", {}, ("ts_code",)), Patient(), lambda answer: answer)
    client.close()
    assert time.monotonic() - began > 2.3


def test_any_session_can_be_hurried(dripping: str) -> None:
    import requests

    session = GatedSession()
    threading.Timer(0.5, session.hurry, [0.5]).start()
    began = time.monotonic()
    with pytest.raises(requests.Timeout), session.within(600):
        session.get(dripping, timeout=600)
    assert time.monotonic() - began < 6
