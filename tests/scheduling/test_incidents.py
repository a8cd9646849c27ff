"""Faults that open and close incidents, and the faults that scheduling sees by itself."""

import shutil
import threading
import urllib.request
from collections import namedtuple
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.utils import timezone

from scheduling import clock, faults, incidents, leases, measuring, watching
from scheduling.context import Status
from scheduling.incidents import Fault, Watch
from scheduling.models import Execution, Incident, JobConfig, Lease
from scheduling.sweeping import SWEPT
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db

Usage = namedtuple("Usage", "total used free")


def ended(status: Status, *, ago: timedelta = timedelta(minutes=1), job: str = "job", **fields: Any) -> Execution:
    at = timezone.now() - ago
    return Execution.objects.create(
        job_id=job, job_type=job, trigger="cron", queue="sync", status=status, queued_at=at, finished_at=at, **fields
    )


def lease_ended(name: str, ago: float) -> None:
    Lease.objects.create(name=name, holder="x", until=timezone.now() - timedelta(seconds=ago))


def keys(found: Iterator[Fault]) -> list[str]:
    return [fault.key for fault in found]


def test_the_same_fault_is_open_once_however_many_processes_see_it() -> None:
    watch = Watch("kind", lambda: [Fault("a", "A.")])
    for _ in range(3):
        incidents.refresh(watch)
    incidents._open(Incident(key="kind:a", kind="kind", text="A.", opened_at=timezone.now(), seen_at=timezone.now()))
    assert Incident.objects.count() == 1


def test_a_fault_that_comes_and_goes_is_one_incident() -> None:
    found = [Fault("a", "A.")]
    watch = Watch("kind", lambda: found)
    incidents.refresh(watch)
    seen, found[:] = list(found), []
    incidents.refresh(watch)
    found[:] = seen
    incidents.refresh(watch)
    assert list(Incident.objects.values_list("closed_at", flat=True)) == [None]


def test_one_host_does_not_close_the_incidents_of_another() -> None:
    incidents.refresh(Watch("disk", lambda: [Fault("x", "X.")], host="one"))
    Incident.objects.update(seen_at=timezone.now() - timedelta(hours=1))
    incidents.refresh(Watch("disk", list, host="two"))
    assert Incident.objects.get().closed_at is None
    incidents.refresh(Watch("disk", list, host="one"))
    assert Incident.objects.get().closed_at is not None


@pytest.mark.parametrize("status", [Status.FAILED, Status.LOST, Status.PARTIAL])
def test_a_job_is_at_fault_until_a_run_does_all_of_its_work(declare: Declare, status: Status) -> None:
    declare()
    ended(Status.SUCCESS, ago=timedelta(hours=3))
    run = ended(status, ago=timedelta(hours=2), error_message="The provider is down.")
    for ignored in (Status.SKIPPED, Status.CANCELLED):
        ended(ignored)
    (fault,) = faults.failed_runs()
    assert fault.key == "job"
    assert f"ended as {run.status}" in fault.text
    assert "The provider is down." in fault.text
    ended(Status.SUCCESS)
    assert keys(faults.failed_runs()) == []


def test_a_failure_of_long_ago_is_told_no_more_but_goes_on_where_it_was_told(declare: Declare) -> None:
    declare()
    ended(Status.FAILED, ago=timedelta(days=3))
    assert keys(faults.failed_runs()) == []
    now = timezone.now()
    Incident.objects.create(key="run:job", kind="run", text="", opened_at=now, seen_at=now)
    assert keys(faults.failed_runs()) == ["job"]
    JobConfig.objects.all().delete()
    assert keys(faults.failed_runs()) == []


def test_a_silent_beat_and_a_silent_worker_are_faults_once_they_were_heard_of() -> None:
    assert keys(faults.silent_processes()) == []
    lease_ended(leases.LEADER, -leases.LEADER_SECONDS)
    lease_ended(SWEPT, 3)
    assert keys(faults.silent_processes()) == []
    Lease.objects.update(until=timezone.now() - timedelta(seconds=measuring.silent_after_seconds() + 1))
    assert set(keys(faults.silent_processes())) == {"beat", "control worker"}


def test_runs_that_nobody_takes_are_a_fault(declare: Declare) -> None:
    declare()
    waiting = ended(Status.QUEUED, ago=timedelta(minutes=11))
    assert keys(faults.stuck_queues()) == ["sync"]
    busy = ended(Status.RUNNING, job="other", lease_until=timezone.now() + timedelta(minutes=1))
    assert keys(faults.stuck_queues()) == []
    busy.delete()
    Execution.objects.filter(id=waiting.id).update(queued_at=timezone.now())
    assert keys(faults.stuck_queues()) == []


def test_a_disk_that_is_nearly_full_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, count in ((11, 0), (9, 1)):
        usage = Usage(100, 100 - free, free)
        monkeypatch.setattr(shutil, "disk_usage", lambda path, usage=usage: usage)
        assert len(keys(faults.full_disks())) == count


def test_a_clock_far_from_the_databases_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    for offset, where in ((1.5, None), (-3.0, "behind"), (3.0, "ahead of")):
        monkeypatch.setattr(clock, "distance", lambda offset=offset: offset)
        found = list(faults.clocks_apart())
        assert bool(found) is bool(where)
        assert where is None or f"3.0 s {where} the database" in found[0].text


def test_a_watch_that_breaks_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> list[Fault]:
        raise ValueError("oops")

    watches = {"broken": Watch("broken", broken), "good": Watch("good", lambda: [Fault("a", "A.")])}
    monkeypatch.setattr(incidents, "_watches", watches)
    watching.watch_once()
    assert list(Incident.objects.values_list("key", flat=True)) == ["good:a"]
    assert "oops" in caplog.text


def test_one_process_of_all_watches_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    watches = {
        "shared": Watch("shared", lambda: looks.append("shared") or []),
        "local": Watch("local", lambda: looks.append("local") or [], host="here"),
    }
    monkeypatch.setattr(incidents, "_watches", watches)
    for _ in range(2):
        watching.watch_once()
    assert sorted(looks) == ["local", "shared"]


@pytest.fixture
def pinged(settings: Any) -> Iterator[list[str]]:
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.HEARTBEAT_URL = f"http://127.0.0.1:{server.server_port}/ping/uuid"
    yield paths
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_outside_is_told_that_schedules_are_kept_or_are_not(pinged: list[str]) -> None:
    watching.ping()
    lease_ended(leases.LEADER, 3600)
    watching.ping()
    assert pinged == ["/ping/uuid", "/ping/uuid/fail"]


def test_nobody_outside_is_told_where_no_address_is_set(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HEARTBEAT_URL = ""
    monkeypatch.setattr(urllib.request, "urlopen", None)
    watching.ping()
