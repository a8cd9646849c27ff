"""Deletes records that nobody needs any more, in chunks, so that no lock is held for long."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django_celery_results.models import GroupResult, TaskResult

from scheduling import executions
from scheduling.models import Execution, ExecutionLine

CHUNK = 500
Between = Callable[[], None]


def delete_executions(before: datetime, keep_last: int, between: Between) -> dict[str, int]:
    """Delete ended executions queued before a moment, with their lines, but for the latest of each job.

    `between` is called before each chunk. How many executions and lines were deleted.
    """
    counts: Counter[str] = Counter()
    old = _ended().filter(queued_at__lt=before)
    for job_id in old.order_by("job_id").values_list("job_id", flat=True).distinct():
        counts += _delete(_beyond(job_id, keep_last).filter(queued_at__lt=before), between)
    return {"executions": counts[Execution._meta.label], "lines": counts[ExecutionLine._meta.label]}


def delete_results(before: datetime, between: Between) -> int:
    """Delete what Celery's result backend has kept from before a moment; how many results they were."""
    kinds: tuple[type[Model], ...] = (TaskResult, GroupResult)
    return sum(_delete(kind._default_manager.filter(date_done__lt=before), between).total() for kind in kinds)


def _ended() -> QuerySet[Execution]:
    return Execution.objects.exclude(status__in=executions.ACTIVE)


def _beyond(job_id: str, keep_last: int) -> QuerySet[Execution]:
    """The ended executions of a job that are older than its latest ones."""
    ended = _ended().filter(job_id=job_id)
    kept = ended.order_by("-queued_at").values_list("queued_at", flat=True)[:keep_last]
    return ended.filter(queued_at__lt=min(kept)) if kept else ended


def _delete(rows: QuerySet[Any], between: Between) -> Counter[str]:
    counts: Counter[str] = Counter()
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        between()
        counts.update(rows.model._default_manager.filter(pk__in=keys).delete()[1])
    return counts
