"""What is done about findings: their cells are opened again, and asked for within a number of calls."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction

from market_data.engine.audit.chain import HOLE
from market_data.engine.audit.findings import Finding
from market_data.engine.ledger import coverage
from market_data.engine.ledger.expectations import open_days
from market_data.engine.orders import Order
from market_data.engine.pricing import price
from market_data.engine.sync import COMPLETE, INCOMPLETE, Outcome, Session, sync
from market_data.models import CoverageCell, Partition, Security

Cell = tuple[str, date]
Cells = dict[str, set[Cell]]
LONGEST_BREAK = timedelta(days=15)


def reopen(findings: Iterable[Finding]) -> int:
    """Forget that the source ever confirmed not to have the cells that findings miss, so that the next sync asks for
    them. Returns how many cells that are, whatever was known of them."""
    missing = _by_dataset(finding for finding in findings if not finding.kind.is_of_row)
    for name, cells in missing.items():
        days = sorted({day for _, day in cells})
        with transaction.atomic():
            settled = CoverageCell.objects.filter(dataset=name, trade_date__range=(days[0], days[-1]))
            for symbol in {symbol for symbol, _ in cells}:
                of_symbol = [day for other, day in cells if other == symbol]
                settled.filter(symbol=symbol, trade_date__in=of_symbol).delete()
            # A day that was answered for the whole market settles its missing cells whenever it is counted.
            partitions = Partition.objects.filter(dataset=name, trade_date__in=days)
            partitions.update(answers=0, answered_at=None)
            for start, end in coverage.merged((day, day) for day in days):
                coverage.mark([name], start, end)
    return sum(map(len, missing.values()))


@dataclass
class Repaired:
    """What a repair asked for again. `cells_left` were not asked for: they would have taken too many calls."""

    calls: int = 0
    cells_asked: int = 0
    cells_left: int = 0
    exit_code: int = COMPLETE
    reasons: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        asked = f"Asked again for {self.cells_asked} cells in {self.calls} calls."
        left = f"{self.cells_left} more wait: SYNC_RECHECK_MAX_CALLS allows no more calls in one run."
        return " ".join([asked, *([left] if self.cells_left else []), *self.reasons])


def repair(findings: Collection[Finding], session: Session | None = None) -> Repaired:
    """Ask again for the cells of these findings, with no more calls than SYNC_RECHECK_MAX_CALLS.

    Rows that no source gave, such as those of closed days, stay as they are: a person decides. Raises what `sync` does.
    """
    reopen(findings)
    known = set(Security.objects.filter(inferred=False).values_list("symbol", flat=True))
    askable = _by_dataset(f for f in findings if f.kind.may_be_asked and (f.symbol in known or not known))
    done = Repaired()
    for name, cells in askable.items():
        for order, asked in _orders(cells, may_be_unlisted=name == HOLE.dataset):
            cost = price(name, order)["calls"]
            if not cost:
                continue
            if done.calls + cost > settings.SYNC_RECHECK_MAX_CALLS:
                done.cells_left += len(asked)
                continue
            outcome = sync(name, order, session)
            done.calls += _calls(outcome)
            done.cells_asked += len(asked)
            if outcome.exit_code not in (COMPLETE, INCOMPLETE):
                done.exit_code = max(done.exit_code, outcome.exit_code)
                done.reasons.append(f"{name}: {outcome.reason}")
    return done


def _calls(outcome: Outcome) -> int:
    return outcome.calls + sum(map(_calls, outcome.dependencies))


def _by_dataset(findings: Iterable[Finding]) -> Cells:
    cells: Cells = defaultdict(set)
    for finding in findings:
        cells[finding.kind.dataset].add((finding.symbol, finding.trade_date))
    return cells


def _orders(cells: set[Cell], *, may_be_unlisted: bool) -> Iterator[tuple[Order, list[Cell]]]:
    """The cells by stock or by day, whichever makes fewer orders, the newest first.

    Of days on which lists expect nothing only a longer span can be asked for: from the session before on.
    """
    key = _day if len(set(map(_day, cells))) < len(set(map(_symbol, cells))) else _symbol
    newest_first = sorted(cells, key=_day, reverse=True)
    groups: dict[object, list[Cell]] = defaultdict(list)
    for cell in newest_first:
        groups[key(cell)].append(cell)
    for group in groups.values():
        start, end = group[-1][1], group[0][1]
        if may_be_unlisted:
            start = max(open_days(start - LONGEST_BREAK, start - timedelta(days=1)), default=start)
        yield Order(start, end, tuple(sorted({symbol for symbol, _ in group})), refetch=True), group


def _symbol(cell: Cell) -> str:
    return cell[0]


def _day(cell: Cell) -> date:
    return cell[1]
