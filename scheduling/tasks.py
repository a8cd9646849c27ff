"""What Celery runs. Each message only says where to look; the database says what to do."""

import logging
from typing import Any

from celery import Task, shared_task
from celery.signals import worker_ready
from django.db import DatabaseError, InterfaceError

from scheduling import dispatching, executions, runner, sweeping, waking

log = logging.getLogger(__name__)

SWEEP = "scheduling.sweep"
CONTROL_QUEUE = "control"


@shared_task(name="scheduling.dispatch", ignore_result=True)
def dispatch(job_id: str) -> None:
    """Decide about a job that is due."""
    dispatching.dispatch(job_id)


@shared_task(name=SWEEP, ignore_result=True)
def sweep() -> None:
    """Make up for what was lost."""
    sweeping.sweep()


@shared_task(bind=True, name=waking.RUN_QUEUED)
def run_queued(self: "Task[Any, Any]", queue: str) -> int:
    """Run queued executions one by one until none is left, having woken another worker; how many they were."""
    count = 0
    try:
        while execution := executions.claim_next(queue, self.request.id or ""):
            count += 1
            _pass_on(queue)
            runner.execute(execution)
    finally:
        # One that failed ends this message, and what it raised is Celery's result; the next ones need another.
        _pass_on(queue)
    return count


def _pass_on(queue: str) -> None:
    try:
        if executions.ready(queue).exists():
            waking.wake(queue)
    except (DatabaseError, InterfaceError) as error:
        log.warning("The queue cannot be read; the next sweep looks again: %s", error)


@worker_ready.connect
def sweep_at_start(**kwargs: object) -> None:
    """Have what earlier workers left behind looked at, at once."""
    waking.publish_once(SWEEP, CONTROL_QUEUE)
