"""The arithmetic of the ledger: the numbers of some days of a dataset, and the state that follows from them."""

from datetime import date, datetime, timedelta

from django.db.models import Q

from market_data.datasets import Dataset, Parts
from market_data.engine.ledger import cells, clock, expectations
from market_data.models import Partition, Security, SyncFailureRecord

SETTLING_DAYS = 5
"""On so many days must an implausible answer come before it is taken for the truth."""
State = Partition.State


def members_are_known() -> bool:
    """Whether a list names the market's stocks; else they are inferred from their bars."""
    return Security.objects.filter(inferred=False).exists()


def partitions(dataset: Dataset, start: date, end: date):  # type: ignore[no-untyped-def]
    return Partition.objects.filter(dataset=dataset.name, trade_date__range=(start, end))


class Counting:
    """The numbers of some days of a dataset, and the state that follows from them."""

    def __init__(self, dataset: Dataset, days: list[date], *, settles: bool = True) -> None:
        self.dataset = dataset
        self._settles = settles
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
            self.noted: dict[date, int] = {}
            return
        suspended = expectations.count_suspended(self.dataset, start, end)
        listed = expectations.count_listed(self.dataset, days)
        self.expected = {d: int(n) - suspended.get(d, 0) for d, n in zip(days, listed, strict=True)}
        self.got = expectations.count_stored(self.dataset, start, end)
        self._count_cells(start, end)
        if self._settles and self._settle_answered(start, end):
            self._count_cells(start, end)

    def _count_cells(self, start: date, end: date) -> None:
        counts = expectations.count_cells(self.dataset, start, end)
        self.noted = {day: noted for day, (noted, _) in counts.items()}
        self.absent = {day: absent for day, (_, absent) in counts.items()}

    def _is_plausible(self, partition: Partition) -> bool:
        """Whether what came for the day is enough for the rest to be taken for absent."""
        if self._is_taken(partition):
            return True
        if self.dataset.parts == Parts.EVENTS:
            return not partition.reason
        day = partition.trade_date
        return self.got.get(day, 0) >= self.dataset.plausible.least(self.expected.get(day, 0))

    def _is_taken(self, partition: Partition) -> bool:
        """Whether what came is taken for all there is, however little: by a person, or because it came so often."""
        return partition.accepted_at is not None or partition.answer_days >= SETTLING_DAYS

    def _settle_answered(self, start: date, end: date) -> bool:
        """Settle cells that came to be expected after their day was answered for the whole market."""
        settled = False
        answered = Q(answers__gt=0) | Q(accepted_at__isnull=False) | Q(answer_days__gte=SETTLING_DAYS)
        for partition in partitions(self.dataset, start, end).filter(answered):
            day = partition.trade_date
            lacking = self.expected.get(day, 0) - self.got.get(day, 0) - self.absent.get(day, 0)
            if lacking > 0 and self._is_plausible(partition) and self._was_asked_enough(partition):
                cells.settle_day(self.dataset, day, self.now, counted_too=self._is_taken(partition))
                settled = True
        return settled

    def _was_asked_enough(self, partition: Partition) -> bool:
        return self._is_taken(partition) or partition.answers >= clock.answers_needed(partition.trade_date, self.recent)

    def apply(self, partition: Partition) -> bool:
        """Give the partition its numbers and state. False where nothing changed."""
        day = partition.trade_date
        shown = ("expected", "got", "absent", "state", "ask_after", "reason")
        before = [getattr(partition, name) for name in shown]
        partition.expected, partition.got = self.expected.get(day, 0), self.got.get(day, 0)
        partition.absent = self.absent.get(day, 0)
        partition.state = self._state(partition)
        partition.ask_after = None
        if partition.got != before[1] or partition.asked_at is None:
            partition.asked_at = self.now
        if partition.state in (State.COMPLETE, State.ABSENT):
            asked = max(partition.asked_at, partition.answered_at or partition.asked_at)
            partition.ask_after = clock.trailing_moment(self.dataset, day, asked, self.sessions)
        self._doubt(partition)
        return before != [getattr(partition, name) for name in shown]

    def _doubt(self, partition: Partition) -> None:
        """Say why a suspect day is one, and when it is asked again. Nothing of it counts as absent."""
        if partition.state != State.SUSPECT:
            partition.reason = ""
            return
        partition.absent = 0
        partition.ask_after = clock.doubted_again(partition.trade_date, self.recent, self.now)
        if self.dataset.parts == Parts.CELLS:
            partition.reason = f"{partition.got} of {partition.expected} expected rows came: too few to be believed."

    def _state(self, partition: Partition) -> str:
        if partition.trade_date > self.due:
            return State.NOT_DUE
        if self._is_complete(partition):
            return State.COMPLETE
        if any(start <= partition.trade_date <= end for start, end in self.failed):
            return State.FAILED
        if not self._is_plausible(partition):
            if self._was_asked_for_all(partition):
                return State.SUSPECT
        elif partition.absent and partition.got + partition.absent >= partition.expected:
            return State.ABSENT
        return State.PARTIAL if partition.got else State.MISSING

    def _was_asked_for_all(self, partition: Partition) -> bool:
        if partition.answers or partition.reason:
            return True
        return partition.got + self.noted.get(partition.trade_date, 0) >= partition.expected

    def _is_complete(self, partition: Partition) -> bool:
        if self.dataset.parts == Parts.EVENTS:
            return partition.answers > 0 or self._is_taken(partition)
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
