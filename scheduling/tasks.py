"""What Celery runs. Each message only says where to look; the database says what to do."""

import logging
from typing import Any

from billiard.exceptions import WorkerLostError
from celery import Task, shared_task
from celery.signals import beat_init, task_failure, worker_ready
from django.db import DatabaseError, InterfaceError

from scheduling import dispatching, endings, executions, heartbeats, runner, sweeping, waking, watching
from scheduling.context import Status
from scheduling.models import Execution

log = logging.getLogger(__name__)

SWEEP = "scheduling.sweep"
CONTROL_QUEUE = "control"


@shared_task(name="scheduling.dispatch", ignore_result=True)
def dispatch(job_id: str) -> None:
    """Decide about a job that is due."""
    try:
        dispatching.dispatch(job_id)
    except dispatching.Busy:
        sweeping.ask_again(job_id)


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
        # One that failed ends this message, and what it raised is Celery's result; the next ones need another. Where
        # none could be taken, others hold what waits, and the sweep asks again.
        if count:
            _pass_on(queue)
    return count


def _pass_on(queue: str) -> None:
    try:
        if executions.ready(queue).exists():
            waking.wake(queue)
    except (DatabaseError, InterfaceError) as error:
        log.warning("The queue cannot be read; the next sweep looks again: %s", error)


@worker_ready.connect
def begin(sender: Any = None, **kwargs: object) -> None:
    """Have what earlier workers left behind looked at, at once, and tell that this one lives."""
    waking.publish_once(SWEEP, CONTROL_QUEUE)
    heartbeats.start(sender.hostname)


@worker_ready.connect
def watch_beside_control(sender: Any, **kwargs: object) -> None:
    """Look for faults in the worker that dispatches, whatever beat does."""
    if CONTROL_QUEUE in sender.app.amqp.queues.consume_from:
        watching.start()


@beat_init.connect
def watch_beside_beat(**kwargs: object) -> None:
    """Look for faults in beat, whatever the workers do."""
    watching.start()


@task_failure.connect(sender=run_queued)
def tell_of_a_dead_child(task_id: str = "", exception: Any = None, **kwargs: object) -> None:
    """A child that died ran one execution at most; it is put back at once, and its record tells how the child ended."""
    if not isinstance(exception, WorkerLostError):
        return
    how = f"died ({' '.join(str(exception).split())})"
    for execution in Execution.objects.filter(celery_task_id=task_id, status=Status.RUNNING):
        endings.lose(execution, how)
        _pass_on(execution.queue)
