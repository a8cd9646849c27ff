import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection

from stocksync.broker import broker_settings


@pytest.fixture
def connect(tmp_path: Path) -> Any:
    url, options = broker_settings("", tmp_path)
    return lambda: Connection(url, transport_options=options)


@pytest.mark.parametrize("url", ["http://here", "sqs://", "redis.example.com:6379"])
def test_an_unknown_kind_of_broker_is_refused_by_name(url: str, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="CELERY_BROKER_URL"):
        broker_settings(url, tmp_path)


def test_servers_are_used_as_they_are(tmp_path: Path) -> None:
    assert broker_settings("amqp://host", tmp_path) == ("amqp://host", {})
    assert broker_settings("redis://host/1", tmp_path)[0] == "redis://host/1"


def test_several_readers_get_each_message_whole_and_once(connect: Any) -> None:
    count, got, lock = 200, [], threading.Lock()
    done = threading.Event()

    def read() -> None:
        with connect() as connection:
            queue = connection.SimpleQueue("sync")
            while not done.is_set():
                try:
                    message = queue.get(block=False)
                except queue.Empty:
                    continue
                message.ack()
                with lock:
                    got.append(message.payload["number"])
                if len(got) == count:
                    done.set()

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    with connect() as connection:
        queue = connection.SimpleQueue("sync")
        for number in range(count):
            queue.put({"number": number, "padding": "x" * 5000})
    done.wait(20)
    done.set()
    for reader in readers:
        reader.join()
    assert sorted(got) == list(range(count))


def test_workers_that_start_together_all_find_their_bindings(connect: Any) -> None:
    errors: list[BaseException] = []
    start = threading.Barrier(8)

    def bind(name: str) -> None:
        try:
            with connect() as connection:
                start.wait()
                connection.SimpleQueue(name).close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=bind, args=(f"queue{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_messages_come_in_the_order_in_which_they_were_sent(connect: Any) -> None:
    with connect() as connection:
        queue = connection.SimpleQueue("sync")
        for number in range(20):
            queue.put({"number": number})
        got = []
        for _ in range(20):
            message = queue.get(timeout=2)
            message.ack()
            got.append(message.payload["number"])
    assert got == list(range(20))
