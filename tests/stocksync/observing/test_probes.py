"""`/healthz` and `/readyz`."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from scheduling import clock, faults, leases
from scheduling.models import Lease
from stocksync import celery_app
from stocksync.observing import probes

pytestmark = pytest.mark.django_db
ALL = ("database", "broker", "beat", "worker", "clocks", "freshness")


@pytest.fixture(autouse=True)
def working() -> Any:
    """A beat that leads, a control worker that sweeps, a broker in memory."""
    leases.hold(leases.LEADER, "beat", 15)
    leases.hold("swept", "swept", 0)
    before = celery_app.conf.broker_url, celery_app.conf.broker_transport_options
    celery_app.conf.update(broker_url="memory://", broker_transport_options={})
    yield
    celery_app.conf.update(broker_url=before[0], broker_transport_options=before[1])


def failing(client: Client) -> set[str]:
    answer = client.get("/readyz")
    told = answer.json()
    bad = {name for name, state in told["checks"].items() if state != "ok"}
    assert set(told["checks"]) == set(ALL)
    assert (answer.status_code, told["status"]) == ((503, "fail") if bad else (200, "ok"))
    return bad


def test_a_process_that_answers_is_alive_whatever_the_database_does(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "examine", None)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_an_installation_that_works_is_ready(client: Client) -> None:
    assert failing(client) == set()


def test_a_database_that_is_away_fails_without_telling_more(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> str:
        raise OperationalError("postgresql://user:secret@example.com does not answer")

    monkeypatch.setitem(probes.LOOKS, "database", away)
    assert failing(client) == {"database"}
    assert "secret" not in client.get("/readyz").content.decode()


def test_a_broker_that_is_away_fails(client: Client) -> None:
    celery_app.conf.update(broker_url="redis://127.0.0.1:1/0")
    assert failing(client) == {"broker"}


@pytest.mark.parametrize(("lease", "part"), [(leases.LEADER, "beat"), ("swept", "worker")])
def test_a_process_that_is_silent_or_was_never_heard_of_fails(client: Client, lease: str, part: str) -> None:
    Lease.objects.filter(name=lease).update(until=timezone.now() - timedelta(minutes=10))
    assert failing(client) == {part}
    Lease.objects.filter(name=lease).delete()
    assert failing(client) == {part}


def test_a_clock_that_is_far_off_fails(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "distance", lambda: -faults.CLOCKS_APART_SECONDS - 0.1)
    assert failing(client) == {"clocks"}


def test_a_late_dataset_fails(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "late", lambda: [("daily", 2)])
    assert failing(client) == {"freshness"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/healthz/", "/readyz/"])
def test_probes_ask_for_no_credentials_and_take_no_orders(client: Client, path: str) -> None:
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405
    assert "no-store" in client.get(path)["Cache-Control"]
