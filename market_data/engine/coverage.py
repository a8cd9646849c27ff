"""The ledger's arithmetic: partitions are made, counted again where marks say so, and given their state."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from zlib import crc32

from django.db import connection, transaction
from django.db.models import Case, F, Max, Min, Q, Value, When

from market_data.datasets import DATASETS, Dataset, Parts
from market_data.engine import cells, clock, expectations
from market_data.models import WHOLE, CoverageMark, Partition, Security, SyncFailureRecord

DAYS_A_TRANSACTION = 100
State = Partition.State


def ensure(dataset: Dataset, start: date, end: date) -> None:
    """Have a partition for every day of the dataset from `start` to `end` that is not in the future."""
    end = min(end, clock.today())
    known = set(_partitions(dataset, start, end).values_list("trade_date", flat=True))
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
    _partitions(dataset, start, end).update(
        answers=F("answers") + Case(When(apart, then=Value(1)), default=Value(0)), answered_at=moment
    )


def asked_again(dataset: Dataset, start: date, end: date, moment: datetime) -> None:
    """Note that complete days which were due to be asked again have been."""
    _partitions(dataset, start, end).filter(ask_after__lte=moment).update(asked_at=moment)


def refresh(dataset: Dataset) -> None:
    """Bring the ledger of a dataset up to date with what is stored. Costs nothing where nothing changed."""
    if dataset.parts == Parts.WHOLE:
        return
    _mark_newly_due(dataset)
    marks = list(CoverageMark.objects.filter(dataset=dataset.name))
    if not marks:
        return
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


def members_are_known() -> bool:
    """Whether a list names the market's stocks; else they are inferred from their bars."""
    return Security.objects.filter(inferred=False).exists()


def _partitions(dataset: Dataset, start: date, end: date):  # type: ignore[no-untyped-def]
    return Partition.objects.filter(dataset=dataset.name, trade_date__range=(start, end))


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


def merged(spans: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """Spans that touch, or lie within a week of each other, as one; ascending."""
    merged: list[tuple[date, date]] = []
    for start, end in sorted(spans):
        if merged and (start - merged[-1][1]).days <= 7:
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
    partitions = {p.trade_date: p for p in _partitions(dataset, start, end) if p.trade_date in wanted}
    closed = [p.id for day, p in partitions.items() if day not in set(open_days)]
    Partition.objects.filter(id__in=closed).delete()
    counting = _Counting(dataset, [day for day in open_days if day in partitions])
    changed = [p for day, p in partitions.items() if p.id not in closed and counting.apply(p)]
    _store(changed)


def _store(changed: list[Partition]) -> None:
    fields = ("state", "expected", "got", "absent", "asked_at", "ask_after")
    sql = f"UPDATE coverage SET {', '.join(f'{name} = %s' for name in fields)} WHERE id = %s"
    adapt = connection.ops.adapt_datetimefield_value
    rows = [
        (p.state, p.expected, p.got, p.absent, adapt(p.asked_at), adapt(p.ask_after), p.id)
        for p in sorted(changed, key=lambda p: p.trade_date)
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(sql, rows)


class _Counting:
    """The numbers of some days of a dataset, and the state that follows from them."""

    def __init__(self, dataset: Dataset, days: list[date]) -> None:
        self.dataset = dataset
        self.now = clock.now()
        self.due = clock.last_due_day(dataset, self.now)
        self.sessions = _sessions_around(self.now)
        self.failed = _days_given_up(dataset)
        self.members_known = members_are_known()
        self.recent = clock.recent_from(dataset, self.now)
        if days:
            self._numbers(days)

    def _numbers(self, days: list[date]) -> None:
        start, end = days[0], days[-1]
        if self.dataset.parts == Parts.EVENTS:
            stored = self.dataset.model._default_manager.filter(trade_date__range=(start, end))
            rows: dict[date, int] = {}
            for day in stored.values_list("trade_date", flat=True).iterator():
                rows[day] = rows.get(day, 0) + 1
            self.expected = self.got = rows
            self.absent: dict[date, int] = {}
            return
        suspended = expectations.count_suspended(self.dataset, start, end)
        listed = expectations.count_listed(self.dataset, days)
        self.expected = {d: int(n) - suspended.get(d, 0) for d, n in zip(days, listed, strict=True)}
        self.got = expectations.count_stored(self.dataset, start, end)
        self.absent = expectations.count_absent(self.dataset, start, end)
        if self._settle_answered(start, end):
            self.absent = expectations.count_absent(self.dataset, start, end)

    def _settle_answered(self, start: date, end: date) -> bool:
        """Settle cells that came to be expected after their day was answered for the whole market."""
        settled = False
        answered = _partitions(self.dataset, start, end).filter(answers__gt=0)
        for day, answers in answered.values_list("trade_date", "answers"):
            lacking = self.expected.get(day, 0) - self.got.get(day, 0) - self.absent.get(day, 0)
            if lacking > 0 and answers >= clock.answers_needed(day, self.recent):
                cells.settle_day(self.dataset, day, self.now)
                settled = True
        return settled

    def apply(self, partition: Partition) -> bool:
        """Give the partition its numbers and state. False where nothing changed."""
        day = partition.trade_date
        before = (partition.expected, partition.got, partition.absent, partition.state, partition.ask_after)
        partition.expected, partition.got = self.expected.get(day, 0), self.got.get(day, 0)
        partition.absent = self.absent.get(day, 0)
        partition.state = self._state(partition)
        partition.ask_after = None
        if partition.got != before[1] or partition.asked_at is None:
            partition.asked_at = self.now
        if partition.state in (State.COMPLETE, State.ABSENT):
            asked = max(partition.asked_at, partition.answered_at or partition.asked_at)
            partition.ask_after = clock.trailing_moment(self.dataset, day, asked, self.sessions)
        after = (partition.expected, partition.got, partition.absent, partition.state, partition.ask_after)
        return before != after

    def _state(self, partition: Partition) -> str:
        if partition.trade_date > self.due:
            return State.NOT_DUE
        if self._is_complete(partition):
            return State.COMPLETE
        if any(start <= partition.trade_date <= end for start, end in self.failed):
            return State.FAILED
        if partition.absent and partition.got + partition.absent >= partition.expected:
            return State.ABSENT
        return State.PARTIAL if partition.got else State.MISSING

    def _is_complete(self, partition: Partition) -> bool:
        if self.dataset.parts == Parts.EVENTS:
            return partition.answers > 0
        if not self.members_known and not partition.got:
            return partition.answers >= clock.answers_needed(partition.trade_date, self.recent)
        if not self.members_known and not partition.answers:
            return False
        return partition.got >= partition.expected


def _sessions_around(moment: datetime) -> list[date]:
    """The sessions from two months ago to two months ahead: older days are not asked again."""
    day = moment.date()
    return expectations.open_days(day - timedelta(days=60), day + timedelta(days=60))


def _days_given_up(dataset: Dataset) -> list[tuple[date, date]]:
    open_failures = SyncFailureRecord.objects.filter(dataset=dataset.name, resolved_at=None)
    return list(open_failures.values_list("start_date", "end_date"))
