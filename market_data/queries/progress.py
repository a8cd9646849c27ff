"""How far a sync task is, and how fast."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from market_data.engine.ledger import clock
from market_data.models import SyncRequest, SyncTask

State = SyncRequest.State
WINDOW = timedelta(minutes=1)


def with_progress(tasks: QuerySet[SyncTask], moment: datetime | None = None) -> QuerySet[SyncTask]:
    """Tasks with `unfinished` requests, and those `finished_lately`: within the last minute."""
    requests = SyncRequest.objects.filter(task=OuterRef("pk"))
    # Nearly all requests are done; the index leads to the rest.
    unfinished = requests.filter(state__in=[State.PENDING, State.RUNNING])
    lately = requests.filter(state__in=[State.DONE, State.FAILED], finished_at__gt=(moment or clock.now()) - WINDOW)
    return tasks.annotate(unfinished=_counted(unfinished), finished_lately=_counted(lately))


def _counted(requests: QuerySet[SyncRequest]) -> Coalesce:
    counts = requests.order_by().values("task").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counts), 0)


def progress_of(task: Any, moment: datetime | None = None) -> dict[str, Any]:
    """The progress of a task read by `with_progress`. Rate and time left are None unless it runs."""
    rate = _rate(task, moment or clock.now()) if task.status == SyncTask.Status.RUNNING else None
    return {
        "requests_done": task.current_offset,
        "requests_planned": task.current_offset + task.unfinished,
        "rows": task.total_processed,
        "requests_per_minute": rate and round(rate, 1),
        "seconds_left": round(task.unfinished / rate * 60) if rate else None,
    }


def _rate(task: Any, moment: datetime) -> float:
    """Requests a minute, over the last minute or since the start."""
    elapsed = min(moment - task.started_at, WINDOW)
    return float(task.finished_lately / max(elapsed / WINDOW, 1 / 60))
