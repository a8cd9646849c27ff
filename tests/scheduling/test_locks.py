"""Rows that a transaction holds which hangs, and the order in which ours are locked."""

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django_celery_beat.models import PeriodicTask, PeriodicTasks
from rest_framework.test import APIClient

from scheduling import beat_rows, clock, control, executions, leases, running, sweeping, tasks, transactions
from scheduling.context import Status
from scheduling.exceptions import Held
from scheduling.models import Execution, JobConfig, Lease, Pool
from scheduling.schedulers import DatabaseScheduler
from stocksync import celery_app
from tests.rest_clients import program_of, superuser
from tests.scheduling.conftest import Declare
from tests.scheduling.holding import held, in_thread, on_postgresql
from tests.scheduling.working import work

pytestmark = [pytest.mark.django_db(transaction=True), on_postgresql]


def job_of(job_id: str) -> "QuerySet[Any]":
    return JobConfig.objects.filter(job_id=job_id)


def make_due(*job_ids: str) -> None:
    JobConfig.objects.filter(job_id__in=job_ids).update(schedule_since=clock.now() - timedelta(seconds=61))


@contextmanager
def quick(seconds: float = 1.5) -> Any:
    """What is done within takes no longer."""
    before = time.monotonic()
    yield
    assert time.monotonic() - before < seconds


def test_a_job_that_hangs_in_a_transaction_is_skipped_and_tried_again_and_the_others_go_on(
    declare: Declare, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a", "held", "z"):
        declare(name=name, schedule=control.interval(60))
    make_due("a", "held", "z")
    with held(job_of("held")):
        with quick():
            tasks.dispatch("held")
            sweeping.sweep()
        assert sorted(Execution.objects.values_list("job_id", flat=True)) == ["a", "z"]
        assert "held: another transaction holds it; the next sweep tries again" in caplog.text
    sweeping.sweep()
    assert Execution.objects.filter(job_id="held").count() == 1


def test_an_edited_schedule_of_a_job_that_is_held_stops_neither_beat_nor_the_sweep(declare: Declare) -> None:
    for name in ("held", "other"):
        declare(name=name, schedule=control.cron("0 18 * * *"))
    JobConfig.objects.update(schedule_seen="as it was")
    with held(job_of("held")), quick():
        assert set(DatabaseScheduler(app=celery_app, lazy=True).schedule) == {"held", "other"}
        sweeping.catch_up()
    assert JobConfig.objects.get(job_id="held").schedule_seen == "as it was"
    assert JobConfig.objects.get(job_id="other").schedule_seen != "as it was"


def test_beat_that_cannot_note_what_it_sent_sends_on(declare: Declare) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    (entry,) = DatabaseScheduler(app=celery_app, lazy=True).schedule.values()
    with held(PeriodicTask.objects.all()), quick():
        next(entry).save()
    assert PeriodicTask.objects.get().total_run_count == 0
    next(entry).save()
    assert PeriodicTask.objects.get().total_run_count == 2


def test_an_edit_is_not_kept_waiting_by_whoever_holds_beats_note_of_edits(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(transactions._LIMITS, "lock_timeout", 0.2)
    declare(schedule=control.cron("0 18 * * *"))
    with held(PeriodicTasks.objects.all()), quick(3):
        with pytest.raises(Held):
            control.set_cron("job", "0 9 * * *")
        beat_rows._note_latest_edit()
    control.set_cron("job", "0 9 * * *")


def test_the_mark_of_a_leader_that_is_held_stops_no_sweep(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(transactions._LIMITS, "lock_timeout", 0.2)
    declare()
    running.trigger_now("job")
    assert work()
    Execution.objects.update(followers_due=True)
    with held(Execution.objects.all()), quick(3):
        sweeping.sweep()
    assert Execution.objects.get().followers_due
    sweeping.sweep()
    assert not Execution.objects.get().followers_due


def test_a_run_whose_job_is_held_runs_to_its_end(declare: Declare) -> None:
    leader = declare(lambda context: {"done": True})
    declare(name="follower", run_after=leader)
    running.trigger_now("job")
    with held(JobConfig.objects.all()), quick():
        execution = work()
    assert execution is not None
    assert (execution.status, Execution.objects.count()) == (Status.SUCCESS, 1)
    sweeping.sweep()
    assert Execution.objects.filter(job_id="follower").count() == 1


def test_a_run_that_is_held_itself_is_passed_over(declare: Declare) -> None:
    for name in ("held", "other"):
        declare(name=name)
        running.trigger_now(name)
    with held(Execution.objects.filter(job_id="held")), quick():
        taken = executions.claim_next("sync", "")
        assert taken is not None
        assert taken.job_id == "other"
        assert executions.claim_next("sync", "") is None
    assert executions.claim_next("sync", "")


def test_a_pool_that_is_held_stops_only_its_own_jobs(declare: Declare) -> None:
    declare(name="pooled", pool="narrow", priority=9)
    declare(name="free")
    for name in ("pooled", "free"):
        running.trigger_now(name)
    with held(Pool.objects.all()), quick():
        taken = executions.claim_next("sync", "")
    assert taken is not None
    assert taken.job_id == "free"


def test_messages_do_not_chase_each_other_while_what_waits_is_held(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare()
    running.trigger_now("job")
    woken: list[str] = []
    monkeypatch.setattr(tasks.waking, "wake", woken.append)
    with held(Execution.objects.all()):
        assert tasks.run_queued("sync") == 0
    assert woken == []


def test_the_reaper_passes_over_a_run_that_is_held(declare: Declare) -> None:
    for name in ("held", "other"):
        declare(name=name)
        running.trigger_now(name)
        assert executions.claim_next("sync", "")
    Execution.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    with held(Execution.objects.filter(job_id="held")), quick():
        sweeping.sweep()
    statuses = dict(Execution.objects.values_list("job_id", "status"))
    assert statuses == {"held": Status.RUNNING, "other": Status.QUEUED}


@pytest.mark.parametrize(
    "order",
    [
        lambda: control.set_cron("job", "0 9 * * *"),
        lambda: control.update("job", priority=3),
        lambda: control.pause("job", "later"),
        lambda: control.disable("job"),
        lambda: control.delete("job"),
        lambda: running.trigger_now("job"),
        lambda: running.run_here("job"),
    ],
)
def test_a_person_is_told_at_once_that_a_job_is_held(declare: Declare, order: Callable[[], object]) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    with held(job_of("job")), quick(4), pytest.raises(Held, match="Try again in a moment"):
        order()
    order()


def test_a_program_is_told_that_a_run_or_a_job_is_held(declare: Declare) -> None:
    declare()
    execution = running.trigger_now("job")
    api: APIClient = program_of(superuser())
    with held(Execution.objects.all()), quick(4):
        answer = api.post(f"/scheduler/executions/{execution.id}/cancel")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "held")
    with held(job_of("job")), quick(4):
        answer = api.post("/scheduler/jobs/job/trigger")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "held")


def shown(*names: str) -> list[str]:
    values = []
    for name in names:
        with connection.cursor() as cursor:
            cursor.execute(f"SHOW {name}")
            values.append(cursor.fetchone()[0])
    return values


def test_limits_of_control_paths_end_with_their_transaction(declare: Declare) -> None:
    limits = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    with transactions.bounded():
        assert shown(*limits) == ["2s", "20s", "20s"]
    assert shown(*limits) == ["0", "0", "5min"]
    # A socket file has none.
    assert shown("tcp_keepalives_idle", "tcp_user_timeout") in (["10", "30000"], ["0", "0"])


def test_a_transaction_of_ours_that_hangs_is_ended_by_the_server(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(transactions._LIMITS, "idle_in_transaction_session_timeout", 0.3)
    declare()
    has_it, may_end = threading.Event(), threading.Event()

    def hang() -> None:
        with suppress(DatabaseError), transactions.bounded():
            executions.lockable(job_of("job"))
            has_it.set()
            may_end.wait(10)
            connection.cursor().execute("SELECT 1")

    thread = in_thread(hang)
    has_it.wait(10)
    with quick(3):
        control.update("job", priority=3)
    may_end.set()
    thread.join()


def test_standby_beats_make_no_error_in_the_databases_log(monkeypatch: pytest.MonkeyPatch) -> None:
    assert leases.hold("beat", "leader", 15)
    failed: list[str] = []

    def watch(execute: Any, sql: str, *args: Any) -> Any:
        try:
            return execute(sql, *args)
        except Exception:
            failed.append(sql)
            raise

    with connection.execute_wrapper(watch):
        assert not any(leases.hold("beat", "standby", 15) for _ in range(5))
        assert not any(leases.take_turn("beat", 15) for _ in range(5))
    assert failed == []
    assert Lease.objects.get().holder == "leader"


def test_of_many_who_want_a_duty_that_nobody_had_one_gets_it_and_no_statement_fails() -> None:
    got, failed = [], []
    together = threading.Barrier(6)

    def want(number: int) -> None:
        together.wait(10)
        try:
            got.append(leases.hold("new", str(number), 15))
        except Exception as error:
            failed.append(error)

    threads = [in_thread(lambda number=number: want(number)) for number in range(6)]  # type: ignore[misc]
    for thread in threads:
        thread.join()
    assert (sorted(got), failed) == ([False] * 5 + [True], [])
