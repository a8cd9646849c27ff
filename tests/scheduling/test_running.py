"""The life of one execution, in this process."""

import logging
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from scheduling import control, executions, keeper, running
from scheduling.context import Context, Outcome, Status
from scheduling.exceptions import (
    ExecutionError,
)
from scheduling.models import Execution, JobConfig
from scheduling.registry import Job
from tests.scheduling.conftest import Declare, waiting_messages
from tests.scheduling.working import Limit, lines, work

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_is_recorded_from_its_queue_to_its_end(declare: Declare) -> None:
    seen: list[str] = []

    def function(context: Context, limit: int) -> dict[str, int]:
        seen.append(Execution.objects.get().status)
        context.log("counting")
        context.progress(2, limit)
        return {"counted": limit}

    declare(function, kwargs_model=Limit, job_kwargs={"limit": 5})
    assert running.trigger_now("job").status == Status.QUEUED
    execution = work()
    assert execution is not None
    assert seen == [Status.RUNNING]
    assert (execution.status, execution.result, execution.trigger) == (Status.SUCCESS, {"counted": 5}, "manual")
    assert (execution.progress_done, execution.progress_total) == (2, 5)
    assert execution.started_at
    assert execution.finished_at
    assert execution.duration_ms == round((execution.finished_at - execution.started_at) / timedelta(milliseconds=1))
    assert "counting" in lines(execution)
    last_run = JobConfig.objects.get().last_run_at
    assert last_run is not None
    assert abs(last_run - execution.started_at) < timedelta(seconds=1)


def test_a_failure_is_recorded_and_goes_on_upwards(declare: Declare, caplog: pytest.LogCaptureFixture) -> None:
    def function(context: Context) -> None:
        raise ValueError("no such day")

    declare(function)
    running.trigger_now("job")
    with pytest.raises(ValueError, match="no such day"):
        work()
    execution = Execution.objects.get()
    assert (execution.status, execution.error_message) == (Status.FAILED, "ValueError: no such day")
    assert execution.duration_ms is not None
    assert "failed: ValueError: no such day" in caplog.text


def test_a_job_may_end_as_partial_or_skipped_with_its_reason(declare: Declare) -> None:
    declare(lambda context: Outcome(Status.PARTIAL, {"failed": 1}, "One symbol failed."), name="a")
    declare(lambda context: Outcome(Status.SKIPPED, message="Nothing to do."), name="b")
    running.trigger_now("a")
    running.trigger_now("b")
    work()
    ended = {execution.job_id: execution for execution in Execution.objects.all()}
    assert (ended["a"].status, ended["a"].result, ended["a"].error_message) == (
        Status.PARTIAL,
        {"failed": 1},
        "One symbol failed.",
    )
    assert (ended["b"].status, ended["b"].error_message) == (Status.SKIPPED, "Nothing to do.")


def test_a_log_that_cannot_be_written_does_not_stop_the_job(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeper, "TICK_SECONDS", 0.02)

    def away(*args: object) -> None:
        raise OperationalError("disk I/O error")

    def function(context: Context) -> dict[str, bool]:
        with monkeypatch.context() as patch:
            patch.setattr(executions, "add_lines", away)
            context.log("lost for now")
            time.sleep(0.2)
        return {"done": True}

    declare(function)
    running.trigger_now("job")
    execution = work()
    assert execution is not None
    assert (execution.status, execution.result) == (Status.SUCCESS, {"done": True})
    assert "lost for now" in lines(execution)
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "its record cannot be written; the job goes on: disk I/O error" in errors[0].getMessage()


def test_a_run_that_another_worker_has_taken_over_stops_and_writes_nothing(
    declare: Declare, caplog: pytest.LogCaptureFixture
) -> None:
    def function(context: Context) -> None:
        Execution.objects.update(fence=99, worker="another")
        context.set_result({"stale": True})
        context.checkpoint()
        raise AssertionError("it went on")

    declare(function)
    running.trigger_now("job")
    execution = work()
    assert execution is not None
    assert (execution.status, execution.result, execution.worker) == (Status.RUNNING, None, "another")
    assert "was taken over by another worker" in caplog.text


def test_an_end_that_comes_after_a_takeover_is_not_recorded(declare: Declare) -> None:
    declare(lambda context: Execution.objects.update(fence=99) and {})
    running.trigger_now("job")
    execution = work()
    assert execution is not None
    assert execution.status == Status.RUNNING


def test_a_cancelled_run_ends_at_its_next_checkpoint_with_what_it_has(declare: Declare) -> None:
    def function(context: Context) -> None:
        context.set_result({"done": 1})
        running.cancel(Execution.objects.get().id)
        assert context.cancelled
        try:
            context.checkpoint()
        except Exception as error:
            raise AssertionError("job code can swallow it") from error

    declare(function)
    running.trigger_now("job")
    execution = work()
    assert execution is not None
    assert (execution.status, execution.result, execution.error_message) == (
        Status.CANCELLED,
        {"done": 1},
        "Cancelled.",
    )


def test_a_queued_run_is_cancelled_without_any_worker(declare: Declare) -> None:
    declare()
    execution = running.trigger_now("job")
    assert running.cancel(execution.id).status == Status.CANCELLED
    assert work() is None
    with pytest.raises(ExecutionError, match="has ended already"):
        running.cancel(execution.id)


@pytest.mark.parametrize(("interruption", "status"), [(SystemExit, "QUEUED"), (KeyboardInterrupt, "CANCELLED")])
def test_a_shutdown_requeues_a_run_and_ctrl_c_cancels_it(
    declare: Declare, interruption: type[BaseException], status: str
) -> None:
    def function(context: Context) -> None:
        if context.attempt == 1:
            raise interruption

    declare(function)
    running.trigger_now("job")
    with pytest.raises(interruption):
        work()
    execution = Execution.objects.get()
    assert execution.status == status
    if status == "QUEUED":
        assert "Attempt 1 was interrupted by a shutdown. Queued again." in lines(execution)
        assert waiting_messages("sync") == 1
        again = work()
        assert again is not None
        assert (again.id, again.status, again.attempt) == (execution.id, Status.SUCCESS, 2)


def test_a_failed_run_is_tried_again_after_a_growing_pause(declare: Declare) -> None:
    def function(context: Context) -> None:
        raise ConnectionError("no answer")

    declare(function, max_retries=2, backoff_seconds=40)
    running.trigger_now("job")
    for attempt, pause in ((1, 40), (2, 80)):
        with pytest.raises(ConnectionError):
            work()
        execution = Execution.objects.get()
        assert (execution.status, execution.attempt, execution.failures) == (Status.QUEUED, attempt, attempt)
        assert execution.not_before is not None
        assert round((execution.not_before - timezone.now()).total_seconds()) == pytest.approx(pause, abs=2)
        assert work() is None
        Execution.objects.update(not_before=timezone.now())
    with pytest.raises(ConnectionError):
        work()
    execution = Execution.objects.get()
    assert (execution.status, execution.attempt) == (Status.FAILED, 3)
    assert "Attempt 2 failed: ConnectionError: no answer" in lines(execution)


def test_only_the_kinds_of_failure_that_the_job_names_are_tried_again(declare: Declare) -> None:
    def function(context: Context) -> None:
        raise ValueError("wrong token")

    declare(function, retry_on=(ConnectionError,), max_retries=5)
    running.trigger_now("job")
    with pytest.raises(ValueError, match="wrong token"):
        work()
    assert Execution.objects.get().status == Status.FAILED


def test_a_run_longer_than_its_soft_limit_fails(declare: Declare) -> None:
    declare(lambda context: time.sleep(20), soft_limit_seconds=1)
    running.trigger_now("job")
    execution = work()
    assert execution is not None
    assert (execution.status, execution.error_message) == (
        Status.FAILED,
        "It ran longer than its soft limit of 1 seconds.",
    )


def test_a_job_that_fails_too_often_in_a_row_is_paused(declare: Declare) -> None:
    fails = iter([True, False, True, True])

    def function(context: Context) -> None:
        if next(fails):
            raise ValueError("again")

    declare(function, pause_after_failures=2)
    paused = []
    for _ in range(4):
        running.trigger_now("job")
        with suppress(ValueError):
            work()
        paused.append(JobConfig.objects.get().pause_note)
    assert paused == ["", "", "", "Paused by itself after 2 failures in a row."]
    control.resume("job")
    assert JobConfig.objects.get().paused_at is None


def test_code_that_is_gone_when_the_run_starts_is_told(declare: Declare, jobs: dict[str, Job]) -> None:
    declare()
    running.trigger_now("job")
    del jobs["job"]
    execution = work()
    assert execution is not None
    assert (execution.status, execution.error_message) == (Status.SKIPPED, "No code declares the job job.")


def test_the_lines_of_a_run_are_bounded_and_hold_what_its_code_warns_about(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions, "LINES_KEPT", 20)

    def function(context: Context) -> None:
        for number in range(50):
            context.log(f"line {number}")
        logging.getLogger("market").warning("the provider is slow")

    declare(function)
    running.trigger_now("job")
    execution = work()
    assert execution is not None
    texts = list(execution.lines.values_list("text", flat=True))
    assert len(texts) == 20
    assert texts[-2:] == ["line 49", "the provider is slow"]
