"""Every change of an execution's state: one conditional update each, so that two processes never both succeed.

Locks are taken in one order, job, pool, execution: whoever has an execution asks for no job any more.
"""

import logging
import os
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, InterfaceError
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from scheduling import clock
from scheduling.context import Status
from scheduling.models import Execution, ExecutionLine, JobConfig, Pool
from scheduling.models.execution import Trigger
from scheduling.models.job_config import Overlap
from scheduling.transactions import bounded

log = logging.getLogger(__name__)

ACTIVE = (Status.QUEUED, Status.RUNNING)
LINES_KEPT = 1000
LONGEST_BACKOFF = timedelta(hours=1)
CANDIDATES = 20


def create(config: JobConfig, trigger: Trigger, kwargs: dict[str, Any], **fields: Any) -> Execution:
    """A queued execution of the job, under the job's policies of now."""
    now = clock.now()
    declared = config.declaration
    return Execution.objects.create(
        job_id=config.job_id,
        job_type=config.job_type,
        trigger=trigger,
        kwargs=kwargs,
        queued_at=now,
        queue=declared.queue if declared else settings.CELERY_TASK_DEFAULT_QUEUE,
        pool=config.pool,
        priority=config.priority,
        is_exclusive=config.overlap != Overlap.ALLOW,
        start_by=_later(now, config.start_by_seconds),
        finish_by=_later(now, config.finish_by_seconds),
        **fields,
    )


def _later(moment: datetime, seconds: int | None) -> datetime | None:
    return None if seconds is None else moment + timedelta(seconds=seconds)


def active(job_id: str) -> QuerySet[Execution]:
    return Execution.objects.filter(job_id=job_id, status__in=ACTIVE)


def ready(queue: str | None = None) -> QuerySet[Execution]:
    """Queued executions that could start now, the next one first."""
    now = clock.now()
    due = Q(not_before=None) | Q(not_before__lte=now) | clock.over("not_before", LONGEST_BACKOFF, now)
    in_time = Q(start_by=None) | Q(start_by__gte=now) | Q(attempt__gt=0)
    running = Execution.objects.filter(status=Status.RUNNING)
    waiting = Execution.objects.filter(due, in_time, status=Status.QUEUED)
    if queue is not None:
        waiting = waiting.filter(queue=queue)
    waiting = waiting.exclude(is_exclusive=True, job_id__in=running.filter(is_exclusive=True).values("job_id"))
    return waiting.exclude(pool__in=_full_pools()).order_by("-priority", "queued_at")


def _full_pools() -> list[str]:
    return [pool.name for pool in Pool.objects.all() if _is_full(pool)]


def _is_full(pool: Pool) -> bool:
    return Execution.objects.filter(status=Status.RUNNING, pool=pool.name).count() >= pool.slots


def claim_next(queue: str, celery_task_id: str) -> Execution | None:
    """The next execution to run, RUNNING and ours; None where none is ready, or others hold what is."""
    return next((waiting for waiting in ready(queue)[:CANDIDATES] if claim(waiting, celery_task_id)), None)


def claim(execution: Execution, celery_task_id: str = "") -> bool:
    """Make a queued execution RUNNING and ours; False where another was faster, or holds it or its pool for now."""
    try:
        claimed_at = _claim(execution, celery_task_id)
    except IntegrityError:
        # The job runs already: a constraint allows one exclusive run at a time.
        return False
    if claimed_at is None:
        return False
    execution.refresh_from_db()
    _note_run(execution.job_id, claimed_at)
    return True


@bounded()
def _claim(execution: Execution, celery_task_id: str) -> datetime | None:
    if execution.pool and Pool.objects.filter(name=execution.pool).exists():
        pool = Pool.objects.select_for_update(skip_locked=True).filter(name=execution.pool).first()
        if pool is None or _is_full(pool):
            return None
    if not lockable(Execution.objects.filter(id=execution.id, status=Status.QUEUED, fence=execution.fence)):
        return None
    now = clock.now()
    Execution.objects.filter(id=execution.id).update(
        status=Status.RUNNING,
        fence=F("fence") + 1,
        attempt=F("attempt") + 1,
        worker=worker(),
        lease_until=now + lease(),
        lease_seconds=lease().total_seconds(),
        started_at=Coalesce("started_at", now),
        celery_task_id=celery_task_id,
    )
    return now


def lockable(rows: QuerySet[Any]) -> bool:
    """Lock what can be locked of these rows until the transaction ends; whether there was any. Nobody is waited for."""
    return bool(list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)))


def _note_run(job_id: str, at: datetime) -> None:
    """Once the execution is ours for good: while it is locked, the job is not to be asked for."""
    try:
        with bounded():
            jobs = JobConfig.objects.filter(job_id=job_id)
            if lockable(jobs):
                jobs.update(last_run_at=at)
    except (DatabaseError, InterfaceError) as error:
        log.warning("%s: when it last ran cannot be noted; the run goes on: %s", job_id, error)


def worker() -> str:
    """The process that works here, also where it is a worker's child."""
    return f"{socket.gethostname()}:{os.getpid()}"


def lease() -> timedelta:
    return timedelta(seconds=settings.SCHEDULING_LEASE_SECONDS)


def owned(execution: Execution) -> QuerySet[Execution]:
    """The execution while it is ours; updating no row of it means that somebody else has taken over."""
    return Execution.objects.filter(id=execution.id, fence=execution.fence, status=Status.RUNNING)


@bounded()
def finish(execution: Execution, status: Status, message: str = "", **fields: Any) -> bool:
    """End a run that is ours; False where it is not ours any more."""
    now = clock.now()
    started = execution.started_at or now
    ended = owned(execution).update(
        status=status,
        error_message=message,
        finished_at=now,
        duration_ms=max(round((now - started) / timedelta(milliseconds=1)), 0),
        lease_until=None,
        **fields,
    )
    return bool(ended)


@bounded()
def renew(execution: Execution, **news: Any) -> bool:
    """Keep a run that is ours for another lease, and its news; False where it is not ours any more."""
    length = lease()
    return bool(owned(execution).update(lease_until=clock.now() + length, lease_seconds=length.total_seconds(), **news))


@bounded()
def requeue(execution: Execution, text: str, **fields: Any) -> bool:
    """Put a run back in the queue, the same record, telling why in its log; False where it has another owner."""
    changed = owned(execution).update(status=Status.QUEUED, fence=F("fence") + 1, lease_until=None, **fields)
    if changed:
        add_lines(execution, [(clock.now(), "WARNING", text)])
    return bool(changed)


def skip(execution: Execution, reason: str) -> bool:
    """End an execution that never started, with its reason."""
    return _end_queued(execution, Status.SKIPPED, reason)


@bounded()
def cancel(execution: Execution, reason: str) -> bool:
    """End what is queued; ask what runs to end at its next checkpoint. False where it has ended already."""
    if _end_queued(execution, Status.CANCELLED, reason):
        return True
    running = Execution.objects.filter(id=execution.id, status=Status.RUNNING)
    asked = running.update(cancel_requested_at=Coalesce("cancel_requested_at", clock.now()))
    if asked:
        add_lines(execution, [(clock.now(), "WARNING", reason)])
    return bool(asked)


@bounded()
def _end_queued(execution: Execution, status: Status, reason: str) -> bool:
    queued = Execution.objects.filter(id=execution.id, status=Status.QUEUED)
    return bool(queued.update(status=status, error_message=reason, finished_at=clock.now(), fence=F("fence") + 1))


@bounded()
def add_lines(execution: Execution, lines: Iterable[tuple[datetime, str, str]]) -> None:
    """Keep lines (moment, level, text) with an execution, the latest LINES_KEPT of them."""
    rows = [ExecutionLine(execution=execution, at=at, level=level, text=text) for at, level, text in lines]
    ExecutionLine.objects.bulk_create(rows)
    kept = ExecutionLine.objects.filter(execution=execution).order_by("-id")
    oldest = kept.values_list("id", flat=True)[LINES_KEPT - 1 : LINES_KEPT].first()
    if oldest is not None:
        ExecutionLine.objects.filter(execution=execution, id__lt=oldest).delete()
