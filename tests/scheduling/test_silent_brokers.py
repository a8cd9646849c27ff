"""Brokers that take a connection and never answer: nobody waits for a wake-up."""

import fcntl
import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django_celery_beat.models import PeriodicTask

from scheduling import clock, control, running, sweeping, waking
from scheduling.context import Status
from scheduling.models import Execution, JobConfig
from scheduling.schedulers import DatabaseScheduler
from stocksync import celery_app, embedded_broker
from stocksync.broker import broker_settings
from tests.scheduling.conftest import Declare, waiting_messages
from tests.scheduling.servers import RedisServer

pytestmark = pytest.mark.django_db(transaction=True)

TOLD = "The broker takes no message"


def use(url: str, folder: Path) -> None:
    broker, options = broker_settings(url, folder)
    celery_app.conf.update(broker_url=broker, broker_transport_options=options)


def seconds_to_trigger(count: int) -> list[float]:
    """How long each of so many triggers keeps whoever asks."""
    took = []
    for _ in range(count):
        before = time.monotonic()
        assert running.trigger_now("job").status == Status.QUEUED
        took.append(time.monotonic() - before)
    return took


def wait_until_it_hears_again() -> None:
    deadline = time.monotonic() + 10
    while waking._sender.is_silent:
        assert time.monotonic() < deadline
        sweeping.sweep()
        time.sleep(0.1)


def check_silence(caplog: pytest.LogCaptureFixture) -> None:
    took = seconds_to_trigger(5)
    assert took[0] < 1.3
    assert sum(took[1:]) < 0.5, "it is known to be silent"
    assert caplog.text.count(TOLD) == 1
    before = time.monotonic()
    sweeping.sweep()
    assert time.monotonic() - before < 1


def test_a_redis_that_is_frozen_keeps_nobody_and_the_sweep_finds_the_runs(
    declare: Declare, redis_server: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    declare(overlap="allow")
    use(redis_server.url, tmp_path)
    redis_server.freeze()
    check_silence(caplog)
    redis_server.thaw()
    wait_until_it_hears_again()
    assert waiting_messages("sync") == 1
    assert Execution.objects.filter(status=Status.QUEUED).count() == 5


@pytest.fixture
def silent_port() -> Iterator[int]:
    """It takes connections and answers nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_an_amqp_server_that_never_answers_keeps_nobody(
    declare: Declare, silent_port: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    declare(overlap="allow")
    use(f"amqp://guest:guest@127.0.0.1:{silent_port}//", tmp_path)
    check_silence(caplog)


def test_an_embedded_broker_whose_lock_another_process_holds_keeps_nobody(
    declare: Declare, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_broker, "LOCK_SECONDS", 2.0)
    declare(overlap="allow")
    use("", tmp_path)
    with open(tmp_path / "broker" / "control" / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        check_silence(caplog)
    wait_until_it_hears_again()
    assert waiting_messages("sync") == 1


def test_a_beat_whose_broker_never_answers_goes_on_ticking(
    declare: Declare, silent_port: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    declare(schedule=control.interval(60))
    JobConfig.objects.update(schedule_since=clock.now() - timedelta(seconds=61))
    PeriodicTask.objects.update(last_run_at=clock.now() - timedelta(hours=1))
    use(f"amqp://guest:guest@127.0.0.1:{silent_port}//", tmp_path)
    beat = DatabaseScheduler(app=celery_app, lazy=True)
    before = time.monotonic()
    for _ in range(3):
        beat.tick()
    assert time.monotonic() - before < 5
    assert caplog.text.count("The broker cannot be used; the sweeps start what beat cannot") == 1
    assert beat._is_leader
    sweeping.catch_up()
    assert Execution.objects.get().status == Status.QUEUED


def test_a_wake_up_is_sent_though_another_is_on_its_way(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def slowly(task: str, queue: str, args: tuple[str, ...]) -> None:
        time.sleep(0.2)
        sent.append(queue)

    monkeypatch.setattr(waking._sender, "_send", slowly)
    first = waking._sender.send(("task", "sync", ()))
    time.sleep(0.1)
    later = [waking._sender.send(("task", "sync", ())) for _ in range(3)]
    assert first.wait(2)
    assert all(event.wait(2) for event in later)
    assert sent == ["sync", "sync"], "one that was wanted after the first went out, and once for all three"
