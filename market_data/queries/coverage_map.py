"""The ledger as a map: a dataset's days, or its months and years by the worst of their days. Nothing is written."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db.models import CharField, Count, Min, Q
from django.db.models.functions import Cast, Substr

from market_data.datasets import DATASETS, Dataset, Parts, Rhythm
from market_data.engine.ledger import clock
from market_data.models import WHOLE, Partition
from market_data.queries.freshness import SUSPECT, due_days, known_sessions

BY_DAYS = tuple(name for name, d in DATASETS.items() if d.parts in (Parts.CELLS, Parts.EVENTS))
NEVER = "never"
WORST_FIRST = ("failed", "suspect", "missing", "partial", "absent", "complete", "not_due", NEVER)
_RANK = {state: rank for rank, state in enumerate(WORST_FIRST)}


class Zoom(StrEnum):
    """What a column is; the value is how much of a date tells columns apart."""

    YEARS = "years"
    MONTHS = "months"
    DAYS = "days"

    @property
    def letters(self) -> int:
        return {"years": 4, "months": 7, "days": 10}[self.value]


@dataclass(frozen=True)
class Place:
    """A cell: its first day, its state, and the counts behind it (symbols of a day, or days of a month or year)."""

    day: date
    state: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Row:
    dataset: Dataset
    places: tuple[Place, ...]


def rows_of(names: Iterable[str], start: date, end: date, zoom: Zoom) -> list[Row]:
    """A row for each dataset, its places ascending. Three questions, whatever is stored."""
    datasets = [DATASETS[name] for name in names]
    now = clock.now()
    sessions = known_sessions(now)
    edges = _edges(datasets)
    found = (_days if zoom == Zoom.DAYS else _periods)(datasets, start, end, zoom)
    rows = []
    for dataset in datasets:
        due = due_days(dataset, sessions, now)
        days = _in(_all_days(dataset, sessions, due), start, end)
        build = _row_of_days if zoom == Zoom.DAYS else _row_of_periods
        rows.append(Row(dataset, tuple(build(days, due[-1:], edges.get(dataset.name), found[dataset.name], zoom))))
    return rows


def _all_days(dataset: Dataset, sessions: list[date], due: list[date]) -> list[date]:
    """Days that are due, and those that have come but are not due yet."""
    if dataset.rhythm == Rhythm.QUARTERS:
        return due
    return sessions


def _in(days: Sequence[date], start: date, end: date) -> Sequence[date]:
    return days[bisect_left(days, start) : bisect_right(days, end)]


def _edges(datasets: Iterable[Dataset]) -> dict[str, date]:
    """The first day of each dataset in the ledger."""
    rows = Partition.objects.filter(dataset__in=[d.name for d in datasets], trade_date__gt=WHOLE).order_by()
    return dict(rows.values_list("dataset").annotate(first=Min("trade_date")))


Found = defaultdict[str, dict[str, list[tuple[str, tuple[int, ...]]]]]


def _days(datasets: Iterable[Dataset], start: date, end: date, zoom: Zoom) -> Found:
    del zoom
    rows = Partition.objects.filter(dataset__in=[d.name for d in datasets], trade_date__range=(start, end))
    found: Found = defaultdict(dict)
    for name, day, state, *numbers in rows.values_list("dataset", "trade_date", "state", "expected", "got", "absent"):
        found[name][day.isoformat()] = [(state, tuple(numbers))]
    return found


def _periods(datasets: Iterable[Dataset], start: date, end: date, zoom: Zoom) -> Found:
    """The states of each period with how many days are in them."""
    rows = Partition.objects.filter(dataset__in=[d.name for d in datasets], trade_date__range=(start, end))
    # The text of a date begins alike on every database, and is cut off without a function of ours.
    period = Substr(Cast("trade_date", CharField(max_length=10)), 1, zoom.letters)
    counted = rows.order_by().values_list("dataset", period, "state").annotate(Count("id"))
    found: Found = defaultdict(lambda: defaultdict(list))
    for name, key, state, count in counted:
        found[name][key].append((state, (count,)))
    return found


def _row_of_days(
    days: Sequence[date],
    last_due: Sequence[date],
    first: date | None,
    found: dict[str, list[tuple[str, tuple[int, ...]]]],
    zoom: Zoom,
) -> Iterator[Place]:
    del zoom
    for day in days:
        state, numbers = found.get(day.isoformat(), [("", (0, 0, 0))])[0]
        yield Place(day, _as_due(day, state, last_due, first), numbers)


def _as_due(day: date, state: str, last_due: Sequence[date], first: date | None) -> str:
    """A day that the ledger does not have, or had before it was due, is missing from its first day on."""
    is_due = bool(last_due) and day <= last_due[0]
    if state and not (state == Partition.State.NOT_DUE and is_due):
        return state
    if first is None or day < first:
        return NEVER
    return "missing" if is_due else "not_due"


def _row_of_periods(
    days: Sequence[date],
    last_due: Sequence[date],
    first: date | None,
    found: dict[str, list[tuple[str, tuple[int, ...]]]],
    zoom: Zoom,
) -> Iterator[Place]:
    wanted = Counter(day.isoformat()[: zoom.letters] for day in days if first and day >= first)
    begins: dict[str, date] = {}
    for day in days:
        begins.setdefault(day.isoformat()[: zoom.letters], day)
    for key, begin in begins.items():
        states = {state: numbers[0] for state, numbers in found.get(key, [])}
        unknown = wanted[key] - sum(states.values())
        if unknown > 0 and last_due and begin <= last_due[0]:
            states["missing"] = states.get("missing", 0) + unknown
        worst = min(states, key=lambda state: _RANK.get(state, 0), default=NEVER)
        total = sum(states.values())
        yield Place(begin, worst, (total, states.get("complete", 0), states.get("absent", 0)))


def open_days_of(dataset: Dataset, start: date, end: date, limit: int) -> list[Partition]:
    """The days from `start` to `end` that are not complete, newest first, at most `limit`."""
    unsettled = ~Q(state__in=("complete", "not_due"))
    rows = Partition.objects.filter(unsettled, dataset=dataset.name, trade_date__range=(start, end))
    return list(rows.order_by("-trade_date")[:limit])


def suspect_days(dataset: Dataset, start: date, end: date) -> list[Partition]:
    """The days from `start` to `end` whose answers are not plausible, ascending."""
    rows = Partition.objects.filter(dataset=dataset.name, trade_date__range=(start, end), state=SUSPECT)
    return list(rows.order_by("trade_date"))
