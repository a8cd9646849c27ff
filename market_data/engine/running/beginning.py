"""Find out from which day on a source has anything of a dataset, in a few calls.

1. Days before the oldest stored one came empty: the source may have none so old, or may not be well.
2. It is well: the oldest stored day is asked again and comes.
3. Halving finds the first day that has rows, between the oldest day in question and that one.
4. Days much older are empty, too: the emptiness is no hole in a longer history.
5. The first day is kept for some months; nothing is expected before it.
"""

import logging
from collections.abc import Callable
from datetime import date, timedelta

from django.db.models import Min

from market_data.datasets import Dataset, Rhythm
from market_data.engine.ledger import clock, coverage, expectations
from market_data.engine.running.asking import Asking
from market_data.engine.running.fetching import Fetching, fetch
from market_data.exceptions import ProviderError
from market_data.models import LearntStart, Partition, SyncRequest

log = logging.getLogger(__name__)

MUCH_OLDER_SESSIONS = (250, 1000)
SPAN_OF_EVENTS = timedelta(days=90)


def may_begin_later(dataset: Dataset, end: date) -> bool:
    """Whether an empty answer for days up to `end` may mean that the source has none so old."""
    oldest = _oldest_stored(dataset)
    return dataset.by_day is not None and dataset.rhythm == Rhythm.SESSIONS and oldest is not None and end < oldest


def is_past_doubted(dataset: Dataset) -> bool:
    """Whether there are suspect days before the oldest stored one."""
    suspect = Partition.objects.filter(dataset=dataset.name, state=Partition.State.SUSPECT)
    oldest: date | None = suspect.aggregate(oldest=Min("trade_date"))["oldest"]
    return oldest is not None and may_begin_later(dataset, oldest)


def learn(run: Fetching, start: date, cap: int) -> date | None:
    """The first day of which the source has anything, found by asking; None where that cannot be told."""
    dataset = run.dataset
    oldest = _oldest_stored(dataset)
    if oldest is None or not may_begin_later(dataset, start):
        return None
    days = expectations.days_of(dataset, start, oldest)
    asking = Asking(dataset, start, oldest)

    def has_rows(day: date) -> bool:
        request = _request(dataset, day)
        return bool(fetch(run, request, asking.question(request, cap)).table.num_rows)

    try:
        first = _first(days, has_rows)
    except ProviderError as error:
        log.warning("%s: where its history begins could not be found out: %s", dataset.name, error)
        return None
    if first is not None:
        LearntStart.objects.update_or_create(
            dataset=dataset.name, defaults={"first_day": first, "learnt_at": clock.now()}
        )
        coverage.mark([dataset.name], start, oldest)
        log.warning("%s: the source has nothing before %s; nothing is expected before.", dataset.name, first)
    return first


def _first(days: list[date], has_rows: Callable[[date], bool]) -> date | None:
    """The first of the ascending days that has rows; the last one should."""
    if len(days) < 2 or not has_rows(days[-1]):
        return None
    empty, full = 0, len(days) - 1
    if has_rows(days[empty]):
        return None
    while full - empty > 1:
        middle = (empty + full) // 2
        empty, full = (empty, middle) if has_rows(days[middle]) else (middle, full)
    older = expectations.open_days(date.min, days[empty])
    much_older = [older[-sessions - 1] for sessions in MUCH_OLDER_SESSIONS if len(older) > sessions]
    return None if any(has_rows(day) for day in much_older) else days[full]


def _request(dataset: Dataset, day: date) -> SyncRequest:
    """A few months of events, a day of whatever is there each day."""
    if dataset.by_range:
        return SyncRequest(shape="range", start_date=day - SPAN_OF_EVENTS, end_date=day)
    return SyncRequest(shape="date", start_date=day, end_date=day)


def _oldest_stored(dataset: Dataset) -> date | None:
    filled = Partition.objects.filter(dataset=dataset.name, got__gt=0)
    oldest: date | None = filled.aggregate(oldest=Min("trade_date"))["oldest"]
    return oldest
