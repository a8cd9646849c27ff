"""From the ledger to requests: what is to be asked, handed to the planner, and priced."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Q

from market_data.datasets import Dataset, Parts, Rhythm, WholeRequest
from market_data.engine.ledger import caps, clock, counting, coverage, expectations, lists
from market_data.engine.ledger.roster import Roster
from market_data.engine.planner import Block, Shapes, plan
from market_data.frames import np
from market_data.models import WHOLE, CoverageCell, Partition, SyncFailureRecord, SyncRequest

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNFINISHED = (Partition.State.MISSING, Partition.State.PARTIAL, Partition.State.SUSPECT, Partition.State.FAILED)
BATCH = 20_000
DAYS_IN_A_QUERY = 500


@dataclass(frozen=True)
class Wanted:
    """What a person or a schedule asked for. `symbols` None: all.

    `ahead`: days that are not due are asked for as well. `by_symbol`: the account may not ask for the whole market.
    `account` is whose answers they will be.
    """

    start: date
    end: date
    symbols: tuple[str, ...] | None = None
    refetch: bool = False
    ahead: bool = False
    by_symbol: bool = False
    account: str = ""


@dataclass(frozen=True)
class Rectangle:
    """Symbols (None: all) on the days from start to end."""

    symbols: frozenset[str] | None
    start: date
    end: date


@dataclass
class Plan:
    """Requests, not saved yet, in the order in which they are to be sent."""

    requests: list[SyncRequest] = field(default_factory=list)


def plan_for(dataset: Dataset, wanted: Wanted, asked: Iterable[Rectangle] = ()) -> Plan:
    """What is still to be asked. `asked` was answered in this run already and is not asked twice in it."""
    if dataset.parts == Parts.WHOLE:
        return _plan_whole(dataset, wanted, asked)
    coverage.ensure(dataset, wanted.start, wanted.end)
    coverage.refresh(dataset)
    days = _days_to_ask(dataset, wanted)
    if dataset.parts == Parts.EVENTS:
        return _plan_events(dataset, wanted, days, asked)
    return _plan_cells(dataset, wanted, days, list(asked))


def row_cap(dataset: Dataset, account: str = "") -> int:
    """Fewer rows than this come whole: as documented, as configured, or as this account has met lately."""
    cap = int(settings.TUSHARE_ROW_CAPS.get(dataset.name, dataset.row_cap))
    return min([cap, *caps.learnt(account, dataset.api_name)])


def _plan_whole(dataset: Dataset, wanted: Wanted, asked: Iterable[Rectangle]) -> Plan:
    is_fresh = lists.is_fresh(dataset) or lists.serves(dataset, wanted.start, wanted.end)
    if list(asked) or dataset.as_list is None or (is_fresh and not wanted.refetch):
        return Plan()
    requests = dataset.as_list.requests(clock.today())
    doubted = set() if wanted.refetch else lists.doubted_keys(dataset)
    return Plan([list_request(r) for r in requests if not doubted or r.key in doubted])


def list_request(request: WholeRequest) -> SyncRequest:
    about = {"key": request.key, "least": request.least, "like": request.like}
    return SyncRequest(
        shape="whole",
        params=request.params,
        start_date=request.start or WHOLE,
        end_date=request.end or WHOLE,
        about=about,
    )


def _days_to_ask(dataset: Dataset, wanted: Wanted) -> list[date]:
    """The due trading days of the window whose partition is not settled, ascending."""
    now = clock.now()
    end = wanted.end if wanted.ahead else min(wanted.end, clock.last_due_day(dataset, now))
    found = Partition.objects.filter(dataset=dataset.name, trade_date__range=(wanted.start, end))
    if not wanted.refetch:
        open_states = (*UNFINISHED, Partition.State.NOT_DUE) if wanted.ahead else UNFINISHED
        found = found.filter(Q(state__in=open_states) | Q(ask_after__lte=now))
    return list(found.order_by("trade_date").values_list("trade_date", flat=True))


def _plan_events(dataset: Dataset, wanted: Wanted, days: list[date], asked: Iterable[Rectangle]) -> Plan:
    """Runs of neighbouring days, as long as the rows that they are likely to have fit into an answer."""
    retries = [r for r in _open_failures(dataset)[0] if _is_inside(r, wanted)]
    failed = {day for r in retries for day in expectations.days_of(dataset, r.start_date, r.end_date)}
    days = sorted({*days, *failed})
    done = {day for r in asked for day in days if r.start <= day <= r.end}
    left = [day for day in days if day not in done]
    longest = max(1, row_cap(dataset, wanted.account) // dataset.by_range.rows_per_day) if dataset.by_range else 1
    runs: list[list[date]] = []
    for day in reversed(left):
        if runs and len(runs[-1]) < longest and runs[-1][-1] - day <= timedelta(days=30):
            runs[-1].append(day)
        else:
            runs.append([day])
    return Plan([SyncRequest(shape=shape_of([], run[-1], run[0]), start_date=run[-1], end_date=run[0]) for run in runs])


def _plan_cells(dataset: Dataset, wanted: Wanted, days: list[date], asked: list[Rectangle]) -> Plan:
    rechecks = [] if wanted.refetch else _cells_to_recheck(dataset, wanted)
    retries, given_up = _open_failures(dataset)
    retries = [r for r in retries if _is_inside(r, wanted) and not _was_asked(r, asked)]
    failed = {day for r in retries for day in expectations.days_of(dataset, r.start_date, r.end_date)}
    needed, days = set(days), sorted({*days, *(day for _, day in rechecks), *failed})
    if not days:
        return Plan()
    grid = _Grid(dataset, wanted, days)
    grid.need_days(needed)
    if not wanted.refetch:
        grid.drop_stored()
        grid.drop_settled()
    for symbol, day in rechecks:
        grid.need_cell(symbol, day)
    for rectangle in [*asked, *given_up, *(_rectangle(r) for r in retries)]:
        grid.drop(rectangle)
    unknown = grid.take_unknown_days(asked)
    # Pages bring a day of any size: it is never too large for a call.
    is_paged = dataset.by_day is not None and dataset.by_day.page_rows
    day_rows = np.ones_like(grid.day_rows) if is_paged else grid.day_rows
    blocks = plan(grid.need, grid.rows, day_rows, _shapes(dataset, wanted))
    requests = [grid.request_of_failure(r) for r in retries] + [grid.request_of(block) for block in blocks]
    return Plan(requests + unknown)


def _shapes(dataset: Dataset, wanted: Wanted) -> Shapes:
    lists = dataset.by_symbol.lists if dataset.by_symbol else 0
    return Shapes(
        by_date=dataset.by_day is not None and not wanted.by_symbol,
        max_symbols=min(lists, settings.SYNC_DAILY_HISTORY_BATCH_SIZE),
        # an answer of exactly the cap may have been cut
        cap=max(1, (row_cap(dataset, wanted.account) - 1) // dataset.rows_per_cell),
        max_symbols_one_day=lists,
    )


def _cells_to_recheck(dataset: Dataset, wanted: Wanted) -> list[tuple[str, date]]:
    """Settled cells that are due to be asked again, at most as many days as calls may be spent on them."""
    due = CoverageCell.objects.filter(
        dataset=dataset.name, absent=True, ask_after__lte=clock.now(), trade_date__range=(wanted.start, wanted.end)
    )
    days = list(due.values_list("trade_date", flat=True).distinct().order_by("-trade_date"))
    return list(due.filter(trade_date__in=days[: settings.SYNC_RECHECK_MAX_CALLS]).values_list("symbol", "trade_date"))


def _open_failures(dataset: Dataset) -> tuple[list[SyncFailureRecord], list[Rectangle]]:
    """Failures to be retried, and the rectangles of those that wait for a person."""
    retries, given_up = [], []
    for record in SyncFailureRecord.objects.filter(dataset=dataset.name, resolved_at=None):
        if record.retry_count < record.max_retries:
            retries.append(record)
        else:
            given_up.append(_rectangle(record))
    return retries, given_up


def _is_inside(record: SyncFailureRecord, wanted: Wanted) -> bool:
    """Whether an order asks for all that failed."""
    if record.start_date < wanted.start or record.end_date > wanted.end:
        return False
    return wanted.symbols is None or (bool(record.symbols) and set(record.symbols) <= set(wanted.symbols))


def _was_asked(record: SyncFailureRecord, asked: list[Rectangle]) -> bool:
    wanted = _rectangle(record)
    return any(
        r.start <= wanted.start
        and r.end >= wanted.end
        and (r.symbols is None or (wanted.symbols is not None and wanted.symbols <= r.symbols))
        for r in asked
    )


def shape_of(symbols: list[str], start: date, end: date) -> str:
    if symbols:
        return "symbols"
    return "date" if start == end else "range"


def _rectangle(record: SyncFailureRecord) -> Rectangle:
    return Rectangle(frozenset(record.symbols) if record.symbols else None, record.start_date, record.end_date)


def _within(column: str, days: Collection[date]) -> dict[str, Any]:
    """These days and no others, or where they are many the span that they lie in."""
    if len(days) <= DAYS_IN_A_QUERY:
        return {f"{column}__in": list(days)}
    return {f"{column}__range": (min(days), max(days))}


class _Grid:
    """Symbols x trading days: the cells that would come back if asked (`rows`), and those to ask for (`need`).

    Columns are all trading days from the first to the last day in question, for a range brings every one.
    """

    def __init__(self, dataset: Dataset, wanted: Wanted, days: list[date]) -> None:
        self.dataset = dataset
        roster = Roster(dataset, days[0], days[-1])
        self.days = roster.days
        self.column = {day: at for at, day in enumerate(self.days)}
        all_rows = roster.matrix()
        self.day_rows: NDArray[np.int64] = all_rows.sum(axis=0, dtype=np.int64)
        self.all_symbols = wanted.symbols is None
        self.symbols = roster.symbols
        self.rows = all_rows
        if wanted.symbols is not None:
            self.symbols = [symbol for symbol in wanted.symbols if symbol in roster.rows]
            self.rows = all_rows[[roster.rows[symbol] for symbol in self.symbols]]
        self.row = {symbol: at for at, symbol in enumerate(self.symbols)}
        self.need = np.zeros_like(self.rows)

    def need_days(self, days: set[date]) -> None:
        columns = [at for day, at in self.column.items() if day in days]
        self.need[:, columns] = self.rows[:, columns]

    def need_cell(self, symbol: str, day: date) -> None:
        if symbol in self.row and day in self.column:
            self.need[self.row[symbol], self.column[day]] = self.rows[self.row[symbol], self.column[day]]

    def drop_stored(self) -> None:
        """What is stored already is not needed. Reads only days that have something and lack something."""
        settled = (Partition.State.COMPLETE, Partition.State.ABSENT)
        partial = Partition.objects.filter(dataset=self.dataset.name, got__gt=0, trade_date__in=self._needed_days())
        again = Q(state__in=settled, ask_after__lte=clock.now())
        days = set(partial.exclude(again).values_list("trade_date", flat=True))
        if not days:
            return
        date_column = self.dataset.date_column
        stored = self.dataset.model._default_manager.filter(**_within(date_column, days))
        if not self.all_symbols:
            stored = stored.filter(symbol__in=self.symbols)
        for symbol, day in stored.values_list("symbol", date_column).iterator(chunk_size=BATCH):
            if day in days and symbol in self.row:
                self.need[self.row[symbol], self.column[day]] = False

    def drop_settled(self) -> None:
        needed = self._needed_days()
        if not needed:
            return
        suspect = Partition.objects.filter(
            dataset=self.dataset.name, state=Partition.State.SUSPECT, trade_date__in=needed
        )
        doubted = set(suspect.values_list("trade_date", flat=True))
        settled = CoverageCell.objects.filter(dataset=self.dataset.name, absent=True, **_within("trade_date", needed))
        for symbol, day in settled.values_list("symbol", "trade_date").iterator(chunk_size=BATCH):
            if symbol in self.row and day in self.column and day not in doubted:
                self.need[self.row[symbol], self.column[day]] = False

    def drop(self, rectangle: Rectangle) -> None:
        self.need[self._index(rectangle)] = False

    def take_unknown_days(self, asked: list[Rectangle]) -> list[SyncRequest]:
        """While no list names the market's members, each day is asked by date, newest first, until it answered."""
        by_session = self.dataset.by_day is not None and self.dataset.rhythm == Rhythm.SESSIONS
        if not self.all_symbols or not by_session or counting.members_are_known():
            return []
        never = Partition.objects.filter(
            dataset=self.dataset.name, answers=0, state__in=UNFINISHED, trade_date__range=(self.days[0], self.days[-1])
        )
        days = list(never.order_by("-trade_date").values_list("trade_date", flat=True))
        for day in days:
            self.drop(Rectangle(None, day, day))
        return [
            SyncRequest(shape="date", start_date=day, end_date=day)
            for day in days
            if not any(r.start <= day <= r.end for r in asked)
        ]

    def request_of(self, block: Block) -> SyncRequest:
        symbols = [] if block.symbols is None else [self.symbols[at] for at in block.symbols]
        return SyncRequest(
            shape="symbols" if symbols else "date",
            symbols=symbols,
            start_date=self.days[block.first],
            end_date=self.days[block.last],
            expected_rows=block.rows if symbols else int(self.day_rows[block.first]),
        )

    def request_of_failure(self, record: SyncFailureRecord) -> SyncRequest:
        return SyncRequest(
            shape=shape_of(record.symbols, record.start_date, record.end_date),
            symbols=record.symbols,
            start_date=record.start_date,
            end_date=record.end_date,
            expected_rows=int(self.rows[self._index(_rectangle(record))].sum()),
        )

    def _index(self, rectangle: Rectangle) -> tuple[list[int] | slice, slice]:
        columns = slice(bisect_left(self.days, rectangle.start), bisect_right(self.days, rectangle.end))
        if rectangle.symbols is None:
            return slice(None), columns
        return [self.row[symbol] for symbol in rectangle.symbols if symbol in self.row], columns

    def _needed_days(self) -> list[date]:
        return [self.days[at] for at in np.flatnonzero(self.need.any(axis=0))]
