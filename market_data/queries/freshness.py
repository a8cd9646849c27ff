"""Up to which day each dataset is complete: the ledger as it stands. Nothing is counted anew and nothing written."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import Count, Max, Min, Q, Sum

from market_data.datasets import DATASETS, EXCHANGE, WITH_LEDGER, Dataset, Parts, Rhythm
from market_data.datasets.quarters import quarter_ends
from market_data.engine.ledger import clock
from market_data.models import WHOLE, Partition, TradingDay

SESSIONS_SHOWN = 60
UNKNOWN_DAYS = 30
SATURDAY = 5
SETTLED = frozenset({Partition.State.COMPLETE, Partition.State.ABSENT})
SUSPECT = "suspect"


class Freshness(StrEnum):
    """How a dataset stands. Late: its newest due day is not there; partial: an older one is not."""

    COMPLETE = "complete"
    LATE = "late"
    PARTIAL = "partial"
    SUSPECT = "suspect"
    NEVER = "never"


@dataclass(frozen=True)
class Day:
    """A partition that should be there, or is; `state` is the ledger's, `missing` where it has none."""

    day: date
    state: str
    expected: int = 0
    got: int = 0
    answered_at: datetime | None = None
    asked_at: datetime | None = None
    ask_after: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """How a dataset stands. `days` are its newest due ones, ascending; lists have none.

    `complete_until`: every due day from the first in the ledger to this one is settled; None: none is. `due`: the day
    that should be there, None before any calendar. `open`: due days of the ledger that are not settled.
    Of a list, `complete_until` is the day on which it came.
    """

    dataset: Dataset
    state: Freshness
    due: date | None
    complete_until: date | None
    days: tuple[Day, ...] = ()
    rows: int = 0
    open: int = 0
    suspect: int = 0

    @property
    def newest(self) -> Day | None:
        """The day that should be there."""
        return self.days[-1] if self.days else None


@dataclass
class _Totals:
    """What the ledger has of a dataset's days. `unsettled` counts the due ones by state; `first_open` is the first."""

    first: date | None = None
    last: date | None = None
    days: int = 0
    rows: int = 0
    settled: int = 0
    first_open: date | None = None
    unsettled: dict[str, int] = field(default_factory=dict)

    def add(self, state: str, days: int, first: date, last: date, rows: int, due: int) -> None:
        self.first, self.last = min(self.first or first, first), max(self.last or last, last)
        self.days, self.rows = self.days + days, self.rows + rows
        if state in SETTLED:
            self.settled += days
        elif due:
            self.unsettled[state] = due
            self.first_open = min(self.first_open or first, first)


def standings(names: Iterable[str] = WITH_LEDGER, moment: datetime | None = None) -> list[Standing]:
    """How these datasets stand. Three questions to the ledger and the calendar, however much is stored."""
    moment = moment or clock.now()
    datasets = [DATASETS[name] for name in names]
    sessions = known_sessions(moment)
    totals = _totals(datasets, moment)
    recent = _recent(datasets, sessions)
    ahead = _never_asked(datasets, sessions, totals, moment)
    return [
        _of_list(dataset, recent[dataset.name].get(WHOLE), moment)
        if dataset.parts == Parts.WHOLE
        else _of_days(
            dataset,
            due_days(dataset, sessions, moment),
            totals[dataset.name],
            recent[dataset.name],
            ahead.get(dataset.name),
        )
        for dataset in datasets
    ]


def known_sessions(moment: datetime) -> list[date]:
    """Every trading day up to today, ascending. A weekday that the calendar does not know yet may be one."""
    today = moment.astimezone(clock.SHANGHAI).date()
    lately = today - timedelta(days=UNKNOWN_DAYS)
    days = TradingDay.objects.filter(Q(is_open=True) | Q(trade_date__gte=lately), exchange=EXCHANGE)
    known = list(days.order_by("trade_date").values_list("trade_date", "is_open"))
    if not known:
        return []
    unknown = ((max(known[-1][0], lately) + timedelta(days=n)) for n in range(1, UNKNOWN_DAYS + 1))
    return [day for day, is_open in known if is_open and day <= today] + [
        day for day in unknown if day <= today and day.weekday() < SATURDAY
    ]


def due_days(dataset: Dataset, sessions: Sequence[date], moment: datetime) -> list[date]:
    """The dataset's days, ascending, that the source must have by now."""
    due = clock.last_due_day(dataset, moment)
    if dataset.rhythm == Rhythm.QUARTERS:
        return quarter_ends(sessions[0], due) if sessions else []
    return [day for day in sessions if day <= due]


def _totals(datasets: Iterable[Dataset], moment: datetime) -> "defaultdict[str, _Totals]":
    """Per dataset; what was not due when it was counted may be due by now."""
    due = Q()
    for dataset in datasets:
        if dataset.parts != Parts.WHOLE:
            due |= Q(dataset=dataset.name, trade_date__lte=clock.last_due_day(dataset, moment))
    days = Partition.objects.filter(trade_date__gt=WHOLE).order_by().values_list("dataset", "state")
    rows = days.annotate(
        days=Count("id"),
        first=Min("trade_date"),
        last=Max("trade_date"),
        rows=Sum("got"),
        due=Count("id", filter=due or Q(pk=None)),
    )
    found: defaultdict[str, _Totals] = defaultdict(_Totals)
    for name, *values in rows:
        found[name].add(*values)
    return found


def _recent(datasets: Iterable[Dataset], sessions: Sequence[date]) -> "defaultdict[str, dict[date, Day]]":
    """The newest partitions, all quarters, and the lists."""
    # The newest session may not be due yet.
    newest = Q(trade_date__gte=sessions[-SESSIONS_SHOWN - 1 :][0]) if sessions else Q(pk=None)
    quarterly = [d.name for d in datasets if d.rhythm == Rhythm.QUARTERS]
    rows = Partition.objects.filter(newest | Q(trade_date=WHOLE) | Q(dataset__in=quarterly))
    columns = ("trade_date", "state", "expected", "got", "answered_at", "asked_at", "ask_after")
    found: defaultdict[str, dict[date, Day]] = defaultdict(dict)
    for name, *values in rows.values_list("dataset", *columns):
        found[name][values[0]] = Day(*values)
    return found


def _never_asked(
    datasets: Iterable[Dataset], sessions: Sequence[date], totals: Mapping[str, _Totals], moment: datetime
) -> dict[str, date]:
    """The first day, within what the ledger spans, that it has no partition of; asks only where numbers differ."""
    gaps = {}
    for dataset in datasets:
        total = totals.get(dataset.name)
        if total is None or not total.first or not total.last or dataset.rhythm == Rhythm.QUARTERS:
            continue
        wanted = [day for day in due_days(dataset, sessions, moment) if total.first <= day <= total.last]
        if len(wanted) > total.days:
            gaps[dataset.name] = wanted
    if not gaps:
        return {}
    known: defaultdict[str, set[date]] = defaultdict(set)
    for name, day in Partition.objects.filter(dataset__in=gaps).values_list("dataset", "trade_date"):
        known[name].add(day)
    missing = {name: next((day for day in days if day not in known[name]), None) for name, days in gaps.items()}
    return {name: day for name, day in missing.items() if day}


def _of_list(dataset: Dataset, whole: Day | None, moment: datetime) -> Standing:
    came = (whole.answered_at or whole.asked_at) if whole else None
    if whole is None or came is None or (whole.state == Partition.State.MISSING and not whole.got):
        return Standing(dataset, Freshness.NEVER, None, None)
    day, settled = came.astimezone(clock.SHANGHAI).date(), whole.state in SETTLED
    is_fresh = whole.ask_after is None or whole.ask_after > moment
    state = Freshness.COMPLETE if settled and is_fresh else Freshness.LATE if settled else Freshness.PARTIAL
    if whole.state == SUSPECT:
        return Standing(dataset, Freshness.SUSPECT, None, day, rows=whole.got, open=1, suspect=1)
    return Standing(dataset, state, None, day, rows=whole.got, open=int(not settled))


def _of_days(
    dataset: Dataset, due: list[date], total: _Totals, recent: dict[date, Day], ahead: date | None
) -> Standing:
    newest_due = due[-1] if due else None
    days = tuple(_as_due(recent.get(day), day) for day in due[-SESSIONS_SHOWN:])
    if total.first is None or total.last is None or not (total.settled or total.rows or total.unsettled.get(SUSPECT)):
        return Standing(dataset, Freshness.NEVER, newest_due, None, days)
    begun = [day for day in due if day >= total.first]
    behind = [day for day in begun if day > total.last]
    first_open = min((day for day in (total.first_open, ahead, *behind[:1]) if day), default=None)
    complete = begun if first_open is None else [day for day in begun if day < first_open]
    suspect = total.unsettled.get(SUSPECT, 0)
    return Standing(
        dataset,
        _state(days, first_open, suspect),
        newest_due,
        complete[-1] if complete else None,
        days,
        total.rows,
        sum(total.unsettled.values()) + len(behind),
        suspect,
    )


def _as_due(day: Day | None, wanted: date) -> Day:
    if day is None:
        return Day(wanted, Partition.State.MISSING)
    if day.state == Partition.State.NOT_DUE:
        return Day(wanted, Partition.State.MISSING, day.expected, day.got, day.answered_at, day.asked_at)
    return day


def _state(days: Sequence[Day], first_open: date | None, suspect: int) -> Freshness:
    if suspect:
        return Freshness.SUSPECT
    if days and days[-1].state not in SETTLED:
        return Freshness.LATE
    return Freshness.COMPLETE if first_open is None else Freshness.PARTIAL
