"""Hosts whose clocks are wrong, and moments that they have left behind."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from scheduling import (
    clock,
    control,
    executions,
    heartbeats,
    leases,
    queries,
    running,
    sweeping,
)
from scheduling.beat_entries import Entry
from scheduling.context import Status
from scheduling.models import Execution, Heartbeat, JobConfig, Lease
from scheduling.schedulers import DatabaseScheduler
from stocksync import celery_app
from tests.scheduling.admin.pages import JOBS
from tests.scheduling.conftest import Declare
from tests.scheduling.holding import on_postgresql
from tests.scheduling.working import work

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
apart = pytest.mark.parametrize(
    "ahead", [timedelta(seconds=90), -timedelta(seconds=90), DAY, -DAY], ids=["90 s", "-90 s", "a day", "-a day"]
)


@pytest.fixture
def wrong_host(request: pytest.FixtureRequest, ahead: timedelta) -> Iterator[None]:
    """This process's clock is wrong; the database's is right."""
    with time_machine.travel(datetime.now(UTC) + ahead):
        yield


def right_now() -> datetime:
    return clock.now()


def servers_now() -> datetime:
    """The moment as PostgreSQL has it, whatever this process believes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


@on_postgresql
@pytest.mark.database_clock
@apart
def test_a_sweeper_whose_clock_is_wrong_takes_no_run_from_a_worker_that_lives(
    declare: Declare, ahead: timedelta
) -> None:
    declare()
    running.trigger_now("job")
    assert executions.claim_next("sync", "")
    with time_machine.travel(datetime.now(UTC) + ahead):
        for _ in range(3):
            sweeping.sweep()
    assert (Execution.objects.get().status, Execution.objects.get().losses) == (Status.RUNNING, 0)


@on_postgresql
@pytest.mark.database_clock
@apart
def test_a_worker_whose_clock_is_wrong_keeps_its_run_and_leaves_right_moments(
    declare: Declare, wrong_host: None
) -> None:
    begun = servers_now()
    declare(lambda context: context.log("a line"))
    execution = running.trigger_now("job")
    assert executions.claim_next("sync", "") is not None
    assert executions.renew(Execution.objects.get())
    sweeping.sweep()
    assert Execution.objects.get().status == Status.RUNNING
    Execution.objects.update(status=Status.QUEUED)
    assert work() is not None
    run = Execution.objects.get(id=execution.id)
    moments = [run.queued_at, run.started_at, run.finished_at, JobConfig.objects.get().last_run_at]
    moments += [line.at for line in run.lines.all()]
    assert all(moment and begun <= moment <= servers_now() for moment in moments)
    assert run.duration_ms is not None
    assert run.duration_ms < 10_000


@on_postgresql
@pytest.mark.database_clock
@apart
def test_a_dispatcher_whose_clock_is_wrong_runs_what_is_due_by_the_databases(
    declare: Declare, wrong_host: None
) -> None:
    declare(schedule=control.cron("* * * * *"))
    JobConfig.objects.update(schedule_since=servers_now() - timedelta(seconds=61))
    sweeping.catch_up()
    execution = Execution.objects.latest("scheduled_for")
    assert execution.scheduled_for is not None
    assert timedelta(0) <= servers_now() - execution.scheduled_for < timedelta(seconds=61)
    assert JobConfig.objects.get().dispatched_until == execution.scheduled_for


@on_postgresql
@pytest.mark.database_clock
@apart
def test_beat_sends_by_the_databases_clock(declare: Declare, wrong_host: None) -> None:
    now = servers_now()
    soon, past = now + timedelta(minutes=2), now - timedelta(minutes=1)
    for name, moment in (("soon", soon), ("past", past)):
        declare(name=name, schedule=control.cron(f"{moment.minute} {moment.hour} * * *", "UTC"))
    PeriodicTask.objects.update(last_run_at=now - timedelta(hours=1))
    entries = DatabaseScheduler(app=celery_app, lazy=True).schedule
    assert [entries[name].is_due().is_due for name in ("soon", "past")] == [False, True]
    assert 0 < entries["soon"].is_due().next <= 120
    sent = next(entries["past"])
    assert isinstance(sent, Entry)
    assert abs(sent.last_run_at - servers_now()) < timedelta(seconds=2)
    assert not sent.is_due().is_due


@on_postgresql
@pytest.mark.database_clock
@apart
def test_an_edit_on_beats_page_bears_the_databases_time(declare: Declare, wrong_host: None) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    PeriodicTasks.update_changed()
    assert abs(PeriodicTasks.last_change() - servers_now()) < timedelta(seconds=2)


@on_postgresql
@pytest.mark.database_clock
@apart
def test_a_beat_whose_clock_is_wrong_neither_takes_the_lead_nor_keeps_it_for_ever(ahead: timedelta) -> None:
    assert leases.hold("beat", "right", 15)
    with time_machine.travel(datetime.now(UTC) + ahead):
        assert not leases.hold("beat", "wrong", 15)
    leases.release("beat", "right")
    with time_machine.travel(datetime.now(UTC) + ahead):
        assert leases.hold("beat", "wrong", 0.3)
    assert Lease.objects.get().until < servers_now() + timedelta(seconds=1)


@on_postgresql
@pytest.mark.database_clock
@pytest.mark.parametrize("ahead", [timedelta(seconds=90)])
def test_a_clock_that_is_off_is_told_in_log_status_doctor_and_on_the_page(
    admin_client: Client, wrong_host: None, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    heart = heartbeats.Heart("sync@here")
    with caplog.at_level(logging.WARNING):
        heart.beat()
        heart.beat()
    sentence = "The clock of sync@here is 90.0 s ahead of the database's"
    assert caplog.text.count(sentence) == 1
    (process,) = queries.figures()["processes"]
    assert process["process"] == "sync@here"
    assert process["clock_offset_seconds"] == pytest.approx(90, abs=1)
    assert 0 <= process["heartbeat_age_seconds"] < 2
    assert sentence in queries.figures()["clock_warnings"][0]
    with pytest.raises(SystemExit):
        call_command("doctor")
    assert "The clock of this host is 90.0 s ahead" in (said := capsys.readouterr().out)
    assert sentence in said
    assert sentence.replace("'", "&#x27;") in admin_client.get(JOBS).content.decode()


def test_clocks_that_agree_are_nothing_to_tell(caplog: pytest.LogCaptureFixture) -> None:
    heartbeats.Heart("web@here").beat()
    assert (caplog.text, heartbeats.clock_warnings()) == ("", [])


def test_a_process_that_is_gone_is_forgotten_after_an_hour() -> None:
    heartbeats.Heart("gone").beat()
    Heartbeat.objects.update(beat_at=right_now() - timedelta(minutes=59))
    heartbeats.Heart("here").beat()
    assert [process["process"] for process in heartbeats.processes()] == ["gone", "here"]
    Heartbeat.objects.filter(process="gone").update(beat_at=right_now() - timedelta(minutes=61))
    heartbeats.Heart("here").beat()
    assert [process["process"] for process in heartbeats.processes()] == ["here"]
