"""Deletes records that nobody needs any more, in chunks, so that no lock is held for long."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Model, QuerySet
from django_celery_results.models import GroupResult, TaskResult

from scheduling import executions
from scheduling.models import Execution, ExecutionLine, ExecutionTally, Incident
from scheduling.transactions import bounded

CHUNK = 500
Between = Callable[[], None]


def delete_executions(before: datetime, keep_last: int, between: Between) -> dict[str, int]:
    """Delete ended executions queued before a moment, with their lines, but for the latest of each job.

    `between` is called before each chunk. How many executions and lines were deleted. Their number by job and status is
    kept.
    """
    counts: Counter[str] = Counter()
    old = _ended().filter(queued_at__lt=before)
    for job_id in old.order_by("job_id").values_list("job_id", flat=True).distinct():
        counts += delete(_beyond(job_id, keep_last).filter(queued_at__lt=before), between, _keep_tally)
    return {"executions": counts[Execution._meta.label], "lines": counts[ExecutionLine._meta.label]}


def delete_results(before: datetime, between: Between) -> int:
    """Delete what Celery's result backend has kept from before a moment; how many results they were."""
    kinds: tuple[type[Model], ...] = (TaskResult, GroupResult)
    return sum(delete(kind._default_manager.filter(date_done__lt=before), between).total() for kind in kinds)


def delete_incidents(before: datetime, between: Between) -> int:
    """Delete incidents that were over before a moment; how many they were."""
    return delete(Incident.objects.filter(closed_at__lt=before), between).total()


def _ended() -> QuerySet[Execution]:
    return Execution.objects.exclude(status__in=executions.ACTIVE)


def _beyond(job_id: str, keep_last: int) -> QuerySet[Execution]:
    """The ended executions of a job that are older than its latest ones."""
    ended = _ended().filter(job_id=job_id)
    kept = ended.order_by("-queued_at").values_list("queued_at", flat=True)[:keep_last]
    return ended.filter(queued_at__lt=min(kept)) if kept else ended


def delete(
    rows: QuerySet[Any], between: Between, before_each: Callable[[QuerySet[Any]], None] | None = None
) -> Counter[str]:
    """Delete rows in chunks, each in a transaction with what `before_each` does about it; how many of each table."""
    counts: Counter[str] = Counter()
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        between()
        chunk = rows.model._default_manager.filter(pk__in=keys)
        with bounded():
            if before_each:
                before_each(chunk)
            counts.update(chunk.delete()[1])
    return counts


def _keep_tally(ended: QuerySet[Execution]) -> None:
    for job_id, status, count in ended.order_by().values_list("job_id", "status").annotate(Count("id")):
        tally, _ = ExecutionTally.objects.get_or_create(job_id=job_id, status=status)
        ExecutionTally.objects.filter(id=tally.id).update(count=F("count") + count)
