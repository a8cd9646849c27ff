"""Runs one execution: the job's code, its limits, and a record of the end whatever that end is."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from scheduling import chaining, endings, executions, registry
from scheduling.context import Outcome, Status
from scheduling.exceptions import Cancelled, ConfigurationError, TakenOver, TimeLimitReached
from scheduling.keeper import Keeper
from scheduling.models import Execution, JobConfig
from scheduling.registry import Job
from scheduling.transactions import is_cut

log = logging.getLogger(__name__)

WRITE_AGAIN_AFTER_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
GO_ON_AFTER_SECONDS = (0.1, *WRITE_AGAIN_AFTER_SECONDS, *[20.0] * 6)
STEADY_AFTER_SECONDS = 60.0


def execute(execution: Execution) -> None:
    """Run a claimed execution. What the job raises goes on upwards, once it is recorded.

    A shutdown puts the execution back in the queue. Ctrl-C, where a person runs it by hand, cancels it.
    """
    job = registry.find(execution.job_type)
    if job is None:
        reason = f"No code declares the job {execution.job_type}."
        log.warning("%s: %s", execution.job_id, reason)
        _record(lambda: executions.finish(execution, Status.SKIPPED, reason))
        return
    limits = _limits(execution)
    with _recorded(execution, job, limits):
        keeper = Keeper(execution, limits.hard_limit_seconds)
        with keeper, _soft_limit(limits.soft_limit_seconds):
            keeper.log(f"Attempt {execution.attempt} on {execution.worker}.")
            outcome = _run(job, keeper, execution)
        _record(lambda: _complete(execution, outcome, outcome.result or keeper.result))
    _start_followers(execution)


def _limits(execution: Execution) -> JobConfig:
    """The job's limits; those of no job where it is deleted, or the database is away for this moment."""
    try:
        return JobConfig.objects.filter(job_id=execution.job_id).first() or JobConfig()
    except (OperationalError, InterfaceError):
        connection.close()
        return JobConfig()


def _run(job: Job, keeper: Keeper, execution: Execution) -> Outcome:
    """Run the job's code; where the database's connection was cut meanwhile, again from its last interim result.

    A job is written to be started again after a crash, and a cut costs it no more than that: the run is still ours.
    """
    pauses = iter(GO_ON_AFTER_SECONDS)
    while True:
        started = time.monotonic()
        try:
            return job.run(keeper, execution.kwargs)
        except (DatabaseError, InterfaceError) as error:
            if time.monotonic() - started > STEADY_AFTER_SECONDS:
                pauses = iter(GO_ON_AFTER_SECONDS)
            pause = next(pauses, None)
            if pause is None or not is_cut(error):
                raise
            connection.close()
            text = f"The connection to the database was cut; the job goes on from its last result. {error}"
            log.warning("%s: %s", execution, text)
            keeper.log(" ".join(text.split()), "WARNING")
        time.sleep(pause)
        keeper.checkpoint()


@contextmanager
def _recorded(execution: Execution, job: Job, limits: JobConfig) -> Iterator[None]:
    """Record every end but a good one."""
    log.info("%s: %s starts, attempt %d", execution.job_id, execution.id, execution.attempt)
    try:
        yield
    except TakenOver:
        log.warning("%s: %s was taken over by another worker; this one stops", execution.job_id, execution.id)
    except Cancelled:
        _record(lambda: executions.finish(execution, Status.CANCELLED, "Cancelled."))
    except TimeLimitReached:
        message = f"It ran longer than its soft limit of {limits.soft_limit_seconds} seconds."
        _record(lambda: endings.fail(execution, message))
    except KeyboardInterrupt:
        _record(lambda: executions.finish(execution, Status.CANCELLED, "Cancelled with Ctrl-C."))
        raise
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        may_retry = isinstance(error, job.retry_on) and not isinstance(error, ConfigurationError)
        _record(lambda: endings.fail(execution, message, may_retry=may_retry))
        raise
    except BaseException:
        text = f"Attempt {execution.attempt} was interrupted by a shutdown. Queued again."
        _record(lambda: executions.requeue(execution, text))
        raise


def _complete(execution: Execution, outcome: Outcome, result: dict[str, Any]) -> None:
    is_followed = outcome.status in (Status.SUCCESS, Status.PARTIAL) and chaining.is_followed(execution.job_id)
    if executions.finish(execution, outcome.status, outcome.message, result=result, followers_due=is_followed):
        log.info("%s: %s ended as %s", execution.job_id, execution.id, outcome.status)
    else:
        log.warning("%s: %s ended, but another worker has it by now", execution.job_id, execution.id)


def _start_followers(execution: Execution) -> None:
    """Once the end is stored: with the execution still locked, no job may be asked for. The sweep makes up for it."""
    try:
        chaining.start_followers(execution)
    except (OperationalError, InterfaceError) as error:
        log.warning("%s: the jobs after it are started by the next sweep: %s", execution, error)
        connection.close()


def _record(write: Callable[[], object]) -> None:
    """Write again while the database is away for a moment; then the lease runs out and the run starts again."""
    for pause in (*WRITE_AGAIN_AFTER_SECONDS, None):
        try:
            write()
            return
        except (OperationalError, InterfaceError) as error:
            log.error("The end of a run could not be recorded: %s", error)
            connection.close()
            if pause is not None:
                time.sleep(pause)


@contextmanager
def _soft_limit(seconds: int | None) -> Iterator[None]:
    """Raise TimeLimitReached in the body after so long. Works in a main thread, where workers run their tasks."""
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise TimeLimitReached

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
