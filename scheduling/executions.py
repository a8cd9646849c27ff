"""Every change of an execution's state: one conditional update each, so that two processes never both succeed."""

import os
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from scheduling.context import Status
from scheduling.models import Execution, ExecutionLine, JobConfig, Pool
from scheduling.models.execution import Trigger
from scheduling.models.job_config import Overlap

ACTIVE = (Status.QUEUED, Status.RUNNING)
LINES_KEPT = 1000
WORKER = f"{socket.gethostname()}:{os.getpid()}"


def create(config: JobConfig, trigger: Trigger, kwargs: dict[str, Any], **fields: Any) -> Execution:
    """A queued execution of the job, under the job's policies of now."""
    now = timezone.now()
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
    now = timezone.now()
    due = Q(not_before=None) | Q(not_before__lte=now)
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
    """The next execution to run, RUNNING and ours; None where none is ready."""
    while (waiting := ready(queue).first()) is not None:
        if claim(waiting, celery_task_id):
            return waiting
    return None


def claim(execution: Execution, celery_task_id: str = "") -> bool:
    """Make a queued execution RUNNING and ours; False where another worker or another run was faster."""
    now = timezone.now()
    try:
        with transaction.atomic():
            pool = Pool.objects.select_for_update().filter(name=execution.pool).first()
            if pool and _is_full(pool):
                return False
            claimed = Execution.objects.filter(id=execution.id, status=Status.QUEUED, fence=execution.fence).update(
                status=Status.RUNNING,
                fence=F("fence") + 1,
                attempt=F("attempt") + 1,
                worker=WORKER,
                lease_until=now + lease(),
                started_at=Coalesce("started_at", now),
                celery_task_id=celery_task_id,
            )
            if claimed:
                JobConfig.objects.filter(job_id=execution.job_id).update(last_run_at=now)
    except IntegrityError:
        # The job runs already: a constraint allows one exclusive run at a time.
        return False
    execution.refresh_from_db()
    return bool(claimed)


def lease() -> timedelta:
    return timedelta(seconds=settings.SCHEDULING_LEASE_SECONDS)


def owned(execution: Execution) -> QuerySet[Execution]:
    """The execution while it is ours; updating no row of it means that somebody else has taken over."""
    return Execution.objects.filter(id=execution.id, fence=execution.fence, status=Status.RUNNING)


def finish(execution: Execution, status: Status, message: str = "", **fields: Any) -> bool:
    """End a run that is ours; False where it is not ours any more."""
    now = timezone.now()
    started = execution.started_at or now
    ended = owned(execution).update(
        status=status,
        error_message=message,
        finished_at=now,
        duration_ms=round((now - started) / timedelta(milliseconds=1)),
        lease_until=None,
        **fields,
    )
    return bool(ended)


def requeue(execution: Execution, text: str, **fields: Any) -> bool:
    """Put a run back in the queue, the same record, telling why in its log; False where it has another owner."""
    with transaction.atomic():
        changed = owned(execution).update(status=Status.QUEUED, fence=F("fence") + 1, lease_until=None, **fields)
        if changed:
            add_lines(execution, [(timezone.now(), "WARNING", text)])
    return bool(changed)


def skip(execution: Execution, reason: str) -> bool:
    """End an execution that never started, with its reason."""
    return _end_queued(execution, Status.SKIPPED, reason)


def cancel(execution: Execution, reason: str) -> bool:
    """End what is queued; ask what runs to end at its next checkpoint. False where it has ended already."""
    if _end_queued(execution, Status.CANCELLED, reason):
        return True
    running = Execution.objects.filter(id=execution.id, status=Status.RUNNING)
    asked = running.update(cancel_requested_at=Coalesce("cancel_requested_at", timezone.now()))
    if asked:
        add_lines(execution, [(timezone.now(), "WARNING", reason)])
    return bool(asked)


def _end_queued(execution: Execution, status: Status, reason: str) -> bool:
    queued = Execution.objects.filter(id=execution.id, status=Status.QUEUED)
    return bool(queued.update(status=status, error_message=reason, finished_at=timezone.now(), fence=F("fence") + 1))


def add_lines(execution: Execution, lines: Iterable[tuple[datetime, str, str]]) -> None:
    """Keep lines (moment, level, text) with an execution, the latest LINES_KEPT of them."""
    rows = [ExecutionLine(execution=execution, at=at, level=level, text=text) for at, level, text in lines]
    ExecutionLine.objects.bulk_create(rows)
    kept = ExecutionLine.objects.filter(execution=execution).order_by("-id")
    oldest = kept.values_list("id", flat=True)[LINES_KEPT - 1 : LINES_KEPT].first()
    if oldest is not None:
        ExecutionLine.objects.filter(execution=execution, id__lt=oldest).delete()
