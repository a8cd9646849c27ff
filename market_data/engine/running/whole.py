"""Lists that are complete or not as a whole: what the end of a task that brought one comes to."""

from datetime import timedelta

from django.db import transaction

from market_data.datasets import Dataset
from market_data.engine.ledger import clock, coverage, lists
from market_data.engine.running import tasks
from market_data.engine.storing.listed import end_unlisted
from market_data.engine.storing.writer import Counts, upsert
from market_data.models import WHOLE, Partition, SyncRequest, SyncTask

ASKED_AGAIN = timedelta(minutes=10)


def complete(dataset: Dataset, task: SyncTask) -> None:
    """Note that every call of the list was answered. A list that has a library's copy is never left empty."""
    if dataset.fallback and not dataset.model._default_manager.exists():
        store_copy(dataset)
    if tasks.open_requests(task).exists():
        return
    now = clock.now()
    reason = lists.reason_to_doubt(dataset)
    count = dataset.stored.count()
    fields = {"expected": count, "got": count, "asked_at": now}
    if reason:
        fields |= {"state": Partition.State.SUSPECT, "ask_after": now + ASKED_AGAIN, "reason": reason}
    else:
        state = Partition.State.COMPLETE if count else Partition.State.MISSING
        until = now + timedelta(hours=dataset.fresh_hours)
        fields |= {"state": state, "answered_at": now, "ask_after": until, "reason": ""}
        end_unlisted(dataset, task)
    Partition.objects.update_or_create(dataset=dataset.name, trade_date=WHOLE, defaults=fields)


def fall_back(dataset: Dataset, task: SyncTask, request: SyncRequest) -> tuple[int, Counts]:
    """Store a library's copy where the account may not ask; the other calls of the list are dropped."""
    with transaction.atomic():
        tasks.conclude(request, SyncRequest.State.DONE, finished_at=clock.now())
        tasks.drop_waiting_requests(task)
        counts = store_copy(dataset)
    return counts.inserted + counts.updated + counts.unchanged, counts


def store_copy(dataset: Dataset) -> Counts:
    """Store what a library has of a list; nothing where none has it."""
    if dataset.fallback is None:
        return Counts()
    table = dataset.fallback()
    with transaction.atomic():
        counts = upsert(dataset, table, clock.now())
        span = dataset.expectation_span(table) if dataset.expectation_span else None
        if span:
            coverage.mark_expectations(*span)
    return counts
