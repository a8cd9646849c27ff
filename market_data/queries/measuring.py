"""Figures of the data and of its sources for whoever watches from outside; each is a few questions to the database."""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.models import Count, Q, QuerySet, Sum

from market_data.datasets import DATASETS, WITH_LEDGER, Dataset, Parts
from market_data.engine import accounts
from market_data.engine.ledger import clock, expectations
from market_data.models import CallTally, Partition, SyncFailureRecord, SyncRequest, SyncTask
from market_data.ratelimit.factory import limiter_for

log = logging.getLogger(__name__)

State = SyncRequest.State
SETTLED = (Partition.State.COMPLETE, Partition.State.ABSENT)
CHANGES = ("inserted", "updated", "unchanged")
Call = tuple[str, str, str]
"""Provider, interface, outcome."""


def late() -> Iterator[tuple[str, int]]:
    """(dataset, days that were due ALERT_LATE_HOURS ago and are later than the newest settled one)."""
    for (dataset,), sessions in sessions_behind(clock.now() - timedelta(hours=settings.ALERT_LATE_HOURS)):
        if sessions:
            yield dataset, sessions


def suspect() -> Iterator[tuple[str, int]]:
    """(dataset, partitions whose answers were not plausible)."""
    found = Partition.objects.filter(state=Partition.State.SUSPECT).order_by().values_list("dataset")
    yield from found.annotate(Count("id"))


def sessions_behind(moment: datetime | None = None) -> Iterator[tuple[tuple[str], int]]:
    """((dataset,), days that are due and later than the newest settled one), for datasets that ever had one.

    Quarters for reports. A list is behind by the sessions since it was to be asked for again. `moment` None: now.
    """
    moment = moment or clock.now()
    for dataset in (DATASETS[name] for name in WITH_LEDGER):
        settled = Partition.objects.filter(dataset=dataset.name, state__in=SETTLED).order_by("-trade_date")
        latest = settled.only("trade_date", "ask_after").first()
        if latest is None:
            continue
        if dataset.parts == Parts.WHOLE:
            again = latest.ask_after or moment
            yield (dataset.name,), _days_after(dataset, _day_of(again), _day_of(moment))
        else:
            yield (dataset.name,), _days_after(dataset, latest.trade_date, clock.last_due_day(dataset, moment))


def _day_of(moment: datetime) -> date:
    return moment.astimezone(clock.SHANGHAI).date()


def _days_after(dataset: Dataset, day: date, due: date) -> int:
    return sum(later > day for later in expectations.days_of(dataset, day, due)) if due > day else 0


def partitions_by_state() -> Iterator[tuple[tuple[str, str], int]]:
    """((dataset, state), partitions of the ledger)."""
    for dataset, state, count in Partition.objects.order_by().values_list("dataset", "state").annotate(Count("id")):
        yield (dataset, state), count


def calls_by_outcome() -> Iterator[tuple[Call, int]]:
    """((provider, interface, outcome), calls of sync tasks), those whose requests were deleted included."""
    counts = count_calls(SyncRequest.objects.all())
    for provider, interface, outcome, count in CallTally.objects.values_list(
        "provider", "interface", "outcome", "count"
    ):
        counts[provider, interface, outcome] += count
    yield from counts.items()


def count_calls(requests: QuerySet[SyncRequest]) -> Counter[Call]:
    """The calls of these requests. Outcomes: done, split for an answer that did not fit, and failed, each attempt."""
    counts: Counter[Call] = Counter()
    tried = requests.filter(Q(state__in=(State.DONE, State.SPLIT, State.FAILED)) | Q(attempts__gt=0)).order_by()
    grouped = list(tried.values_list("task_id", "shape", "state").annotate(Count("id"), Sum("attempts")))
    known = SyncTask.objects.filter(id__in={row[0] for row in grouped}).values_list("id", "dataset", "config__provider")
    asked = {task: (dataset, provider) for task, dataset, provider in known}
    for task, shape, state, count, attempts in grouped:
        provider, interface = _asked(*asked[task], shape)
        if state in (State.DONE, State.SPLIT):
            counts[provider, interface, state] += count
        counts[provider, interface, State.FAILED] += attempts + (count if state == State.FAILED else 0)
    return +counts


def _asked(name: str, provider: str | None, shape: str) -> tuple[str, str]:
    dataset = DATASETS.get(name)
    if dataset is None:
        return provider or "", name
    by_day = dataset.by_day.interface if shape == "date" and dataset.by_day else ""
    return provider or dataset.provider, by_day or dataset.api_name


def budget_used() -> Iterator[tuple[tuple[str], float]]:
    """((account,), share of the account's tightest limit that is used now); none where its store cannot be read."""
    for name in accounts.PROVIDERS:
        account = accounts.account_at(name)
        if account.lacking:
            continue
        try:
            used, limit = limiter_for(account.name).usage(account.rules(""))
        except (DatabaseError, InterfaceError, OSError) as error:
            log.warning("The budget of %s cannot be read: %s", name, error)
            continue
        yield (account.name,), used / limit


def rows_by_change() -> Iterator[tuple[tuple[str, str], int]]:
    """((dataset, change), rows that sync tasks stored)."""
    for dataset, *counts in SyncTask.objects.order_by().values_list("dataset").annotate(*map(Sum, CHANGES)):
        for change, count in zip(CHANGES, counts, strict=True):
            yield (dataset, change), count


def open_failures() -> Iterator[tuple[tuple[str], int]]:
    """((dataset,), failures that are not resolved)."""
    found = Counter(dict.fromkeys(DATASETS, 0))
    unresolved = SyncFailureRecord.objects.filter(resolved_at=None).order_by().values_list("dataset")
    found.update(dict(unresolved.annotate(Count("id"))))
    for dataset, count in found.items():
        yield (dataset,), count
