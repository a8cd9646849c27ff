"""The ledger of days: partitions are made, and counted again where marks say so."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from zlib import crc32

from django.db import connection, transaction
from django.db.models import Case, F, Max, Min, Q, Value, When

from market_data.datasets import DATASETS, Dataset, Parts
from market_data.engine.ledger import cells, clock, expectations, statistics
from market_data.engine.ledger.counting import Counting, partitions
from market_data.models import WHOLE, CoverageMark, Partition

DAYS_A_TRANSACTION = 100
State = Partition.State


def ensure(dataset: Dataset, start: date, end: date) -> None:
    """Have a partition for every day of the dataset from `start` to `end` that is not in the future."""
    end = min(end, clock.today())
    known = set(partitions(dataset, start, end).values_list("trade_date", flat=True))
    new = [day for day in expectations.days_of(dataset, start, end) if day not in known]
    if not new:
        return
    Partition.objects.bulk_create(
        [Partition(dataset=dataset.name, trade_date=day) for day in new], batch_size=1000, ignore_conflicts=True
    )
    mark([dataset.name], new[0], new[-1])


def mark(names: Iterable[str], start: date, end: date, *, unlisted: bool = False) -> None:
    """Have these datasets counted again from `start` to `end`."""
    CoverageMark.objects.bulk_create(
        [CoverageMark(dataset=name, start_date=start, end_date=end, unlisted=unlisted) for name in names]
    )


def mark_expectations(start: date, end: date) -> None:
    """Have every dataset that is measured by who is listed and not suspended counted again."""
    mark([d.name for d in DATASETS.values() if d.parts == Parts.CELLS], start, end)


def answered(dataset: Dataset, start: date, end: date, moment: datetime) -> None:
    """Note a clean answer for the whole market on these days."""
    apart = Q(answered_at=None) | Q(answered_at__lte=moment - clock.ANSWERS_APART)
    partitions(dataset, start, end).update(
        answers=F("answers") + Case(When(apart, then=Value(1)), default=Value(0)), answered_at=moment, reason=""
    )


def doubted(dataset: Dataset, start: date, end: date, moment: datetime, reason: str) -> None:
    """Note that an answer for these days is not believed. What is complete stays so."""
    open_ones = partitions(dataset, start, end).filter(answers=0)
    open_ones.update(reason=reason[:255], asked_at=moment)


def count_answer_day(dataset: Dataset, start: date, end: date, moment: datetime) -> None:
    """Note that a clean answer touched these days today, whatever it said."""
    today = clock.day_of(moment)
    others = partitions(dataset, start, end).exclude(answered_on=today)
    others.update(answer_days=F("answer_days") + 1, answered_on=today)


def asked_again(dataset: Dataset, start: date, end: date, moment: datetime) -> None:
    """Note that complete days which were due to be asked again have been."""
    partitions(dataset, start, end).filter(ask_after__lte=moment).exclude(state=State.SUSPECT).update(asked_at=moment)


def view(dataset: Dataset, start: date, end: date) -> list[Partition]:
    """The partitions from `start` to `end` as they would be if everything were counted now, newest first.

    Nothing is written: what has no row yet, or is marked, is counted for the reader alone.
    """
    end = min(end, clock.today())
    found = {p.trade_date: p for p in partitions(dataset, start, end)}
    days = expectations.days_of(dataset, start, end)
    due, stale = clock.last_due_day(dataset, clock.now()), set[date]()
    for mark in CoverageMark.objects.filter(dataset=dataset.name, start_date__lte=end, end_date__gte=start):
        stale.update(day for day in days if mark.start_date <= day <= mark.end_date)
    for day in days:
        known = found.setdefault(day, Partition(dataset=dataset.name, trade_date=day))
        if known.pk is None or (known.state == State.NOT_DUE and day <= due):
            stale.add(day)
    for at in range(0, len(stale), DAYS_A_TRANSACTION):
        some = sorted(stale)[at : at + DAYS_A_TRANSACTION]
        counting = Counting(dataset, some, settles=False)
        for day in some:
            counting.apply(found[day])
    return [found[day] for day in reversed(days)]


def refresh(dataset: Dataset) -> None:
    """Bring the ledger of a dataset up to date with what is stored. Costs nothing where nothing changed."""
    if dataset.parts == Parts.WHOLE:
        return
    _mark_newly_due(dataset)
    marks = list(CoverageMark.objects.filter(dataset=dataset.name))
    if not marks:
        return
    statistics.freshen(dataset)
    unlisted = [m for m in marks if m.unlisted]
    if unlisted:
        first = cells.infer_securities(dataset, min(m.start_date for m in unlisted), max(m.end_date for m in unlisted))
        if first:
            mark_expectations(first, clock.today())
        marks = list(CoverageMark.objects.filter(dataset=dataset.name))
    for days in _chunks(dataset, marks):
        with _alone(dataset):
            _count(dataset, days)
    CoverageMark.objects.filter(id__in=[m.id for m in marks]).delete()


def rebuild(dataset: Dataset) -> None:
    """Count every partition again from the stored rows; days that have rows and no partition get one."""
    edges = dataset.model._default_manager.aggregate(first=Min(dataset.date_column), last=Max(dataset.date_column))
    if edges["first"]:
        ensure(dataset, edges["first"], edges["last"])
    mark([dataset.name], date.min, date.max)
    refresh(dataset)


def _mark_newly_due(dataset: Dataset) -> None:
    due = clock.last_due_day(dataset, clock.now())
    waiting = Partition.objects.filter(dataset=dataset.name, state=State.NOT_DUE, trade_date__lte=due)
    days = sorted(waiting.values_list("trade_date", flat=True))
    if days:
        mark([dataset.name], days[0], days[-1])


def _chunks(dataset: Dataset, marks: list[CoverageMark]) -> Iterator[list[date]]:
    """The marked days that have a partition, newest first."""
    inside = Q()
    for start, end in merged((m.start_date, m.end_date) for m in marks):
        inside |= Q(trade_date__range=(start, end))
    found = Partition.objects.filter(inside, dataset=dataset.name, trade_date__gt=WHOLE)
    days = list(found.order_by("-trade_date").values_list("trade_date", flat=True))
    for at in range(0, len(days), DAYS_A_TRANSACTION):
        yield days[at : at + DAYS_A_TRANSACTION]


def merged(spans: Iterable[tuple[date, date]], apart: int = 7) -> list[tuple[date, date]]:
    """Spans that touch, or lie so many days from each other at most, as one; ascending."""
    merged: list[tuple[date, date]] = []
    for start, end in sorted(spans):
        if merged and (start - merged[-1][1]).days <= apart:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


@contextmanager
def _alone(dataset: Dataset) -> Iterator[None]:
    """A transaction in which nobody else counts this dataset: an older count must not overwrite a newer one."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [crc32(f"coverage {dataset.name}".encode())])
        yield


def _count(dataset: Dataset, newest_first: list[date]) -> None:
    start, end = newest_first[-1], newest_first[0]
    open_days = expectations.days_of(dataset, start, end)
    wanted = set(newest_first)
    known = {p.trade_date: p for p in partitions(dataset, start, end) if p.trade_date in wanted}
    closed = [p.id for day, p in known.items() if day not in set(open_days)]
    Partition.objects.filter(id__in=closed).delete()
    counting = Counting(dataset, [day for day in open_days if day in known])
    changed = [p for day, p in known.items() if p.id not in closed and counting.apply(p)]
    _store(changed)


def _store(changed: list[Partition]) -> None:
    fields = ("state", "expected", "got", "absent", "asked_at", "ask_after", "reason")
    sql = f"UPDATE coverage SET {', '.join(f'{name} = %s' for name in fields)} WHERE id = %s"
    adapt = connection.ops.adapt_datetimefield_value
    rows = [
        (p.state, p.expected, p.got, p.absent, adapt(p.asked_at), adapt(p.ask_after), p.reason, p.id)
        for p in sorted(changed, key=lambda p: p.trade_date)
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(sql, rows)
