"""Lists that are complete or not as a whole."""

from datetime import timedelta

from django.db import transaction

from market_data.datasets import Dataset
from market_data.engine import clock, coverage, tasks
from market_data.engine.writer import Counts, upsert
from market_data.models import WHOLE, Partition, SyncRequest, SyncTask


def complete(dataset: Dataset, task: SyncTask) -> None:
    """Note that every call of the list was answered. A list that has a library's copy is never left empty."""
    if dataset.fallback and not dataset.model._default_manager.exists():
        _store_copy(dataset)
    if tasks.open_requests(task).exists():
        return
    now = clock.now()
    count = dataset.model._default_manager.filter(**dataset.share).count()
    Partition.objects.update_or_create(
        dataset=dataset.name,
        trade_date=WHOLE,
        defaults={
            "state": Partition.State.COMPLETE if count else Partition.State.MISSING,
            "expected": count,
            "got": count,
            "asked_at": now,
            "answered_at": now,
            "ask_after": now + timedelta(hours=dataset.fresh_hours),
        },
    )


def fall_back(dataset: Dataset, task: SyncTask, request: SyncRequest) -> tuple[int, Counts]:
    """Store a library's copy where the account may not ask; the other calls of the list are dropped."""
    with transaction.atomic():
        tasks.conclude(request, SyncRequest.State.DONE, finished_at=clock.now())
        tasks.drop_waiting_requests(task)
        counts = _store_copy(dataset)
    return counts.inserted + counts.updated + counts.unchanged, counts


def _store_copy(dataset: Dataset) -> Counts:
    if dataset.fallback is None:
        return Counts()
    table = dataset.fallback()
    with transaction.atomic():
        counts = upsert(dataset, table, clock.now())
        span = dataset.expectation_span(table) if dataset.expectation_span else None
        if span:
            coverage.mark_expectations(*span)
    return counts
