"""Connections to the database that are cut in the middle of a run: every job goes on, and obeys."""

import threading
import time
from contextlib import suppress

import pytest
from django.db import DatabaseError, InterfaceError, connection, transaction

from scheduling import executions, keeper, runner, running
from scheduling.context import Context, Status
from scheduling.models import Execution, JobConfig
from tests.scheduling.conftest import Declare
from tests.scheduling.holding import cut_connections, in_thread, on_postgresql
from tests.scheduling.working import lines, work

pytestmark = [pytest.mark.django_db(transaction=True), on_postgresql]


def ask() -> None:
    JobConfig.objects.count()


@pytest.mark.parametrize("is_within", [False, True], ids=["between transactions", "within one"])
def test_a_job_goes_on_from_its_last_result_over_a_new_connection(declare: Declare, is_within: bool) -> None:
    starts: list[int] = []
    cuts = {2, 4}

    def function(context: Context) -> dict[str, int]:
        starts.append(context.result.get("done", 0))
        for number in range(starts[-1], 6):
            if number in cuts:
                cuts.remove(number)
                _cut(is_within)
            JobConfig.objects.count()
            context.set_result({"done": number + 1})
            context.progress(number + 1, 6)
        return {"done": 6}

    declare(function)
    running.trigger_now("job")
    execution = work()
    assert execution is not None
    assert (execution.status, execution.attempt, execution.failures) == (Status.SUCCESS, 1, 0)
    assert (execution.result, execution.progress_done) == ({"done": 6}, 6)
    assert starts == [0, 2, 4]
    assert lines(execution).count("The connection to the database was cut; the job goes on from its last result.") == 2


def _cut(is_within: bool) -> None:
    if not is_within:
        cut_connections()
        return
    with transaction.atomic():
        JobConfig.objects.select_for_update().get()
        cut_connections()
        JobConfig.objects.update(priority=1)


def test_a_job_that_asks_nothing_but_whether_to_end_is_cancelled_within_seconds(declare: Declare) -> None:
    begun = threading.Event()

    def function(context: Context) -> None:
        cut_connections()
        begun.set()
        end = time.monotonic() + 20
        while time.monotonic() < end:
            context.checkpoint()
            time.sleep(0.1)

    declare(function)
    execution = running.trigger_now("job")
    asked: list[float] = []

    def cancel() -> None:
        begun.wait(10)
        running.cancel(execution.id)
        asked.append(time.monotonic())

    thread = in_thread(cancel)
    ended = work()
    thread.join()
    assert time.monotonic() - asked[0] < 5
    assert ended is not None
    assert (ended.status, ended.error_message) == (Status.CANCELLED, "Cancelled.")


def test_a_job_that_takes_failures_of_its_parts_goes_on_after_its_next_checkpoint(declare: Declare) -> None:
    failed: list[int] = []

    def function(context: Context) -> None:
        for number in range(6):
            if number == 2:
                cut_connections()
            with suppress(DatabaseError, InterfaceError):
                JobConfig.objects.count()
                continue
            failed.append(number)
            context.checkpoint()

    declare(function)
    running.trigger_now("job")
    execution = work()
    assert execution is not None
    assert (execution.status, failed) == (Status.SUCCESS, [2])


def test_the_end_the_lines_and_the_progress_of_a_run_are_recorded_after_a_cut(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "TICK_SECONDS", 0.05)

    def function(context: Context) -> dict[str, bool]:
        context.log("before")
        time.sleep(0.3)
        cut_connections()
        context.log("after")
        context.progress(1, 1)
        time.sleep(0.3)
        cut_connections()
        return {"done": True}

    declare(function)
    running.trigger_now("job")
    execution = work()
    assert execution is not None
    assert (execution.status, execution.result, execution.progress_done) == (Status.SUCCESS, {"done": True}, 1)
    assert "before\nafter" in lines(execution)


def test_what_is_no_cut_fails_the_run_at_once(declare: Declare) -> None:
    starts: list[int] = []

    def function(context: Context) -> None:
        starts.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    declare(function)
    running.trigger_now("job")
    with pytest.raises(DatabaseError):
        work()
    assert (Execution.objects.get().status, starts) == (Status.FAILED, [1])


def test_a_cut_before_the_jobs_code_starts_costs_nothing(declare: Declare) -> None:
    declare(lambda context: ask())
    running.trigger_now("job")
    execution = executions.claim_next("sync", "")
    assert execution
    cut_connections()
    runner.execute(execution)
    assert Execution.objects.get().status == Status.SUCCESS


def test_a_database_that_stays_away_fails_the_run_in_the_end(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "GO_ON_AFTER_SECONDS", (0.01, 0.01))
    starts: list[int] = []

    def function(context: Context) -> None:
        starts.append(1)
        cut_connections()
        ask()

    declare(function)
    running.trigger_now("job")
    with pytest.raises((DatabaseError, InterfaceError)):
        work()
    assert (Execution.objects.get().status, len(starts)) == (Status.FAILED, 3)
