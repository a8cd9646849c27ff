"""What of a window is not complete. Reading writes nothing, and lists no more than it is asked for."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from market_data.datasets import Dataset, Parts
from market_data.engine.ledger import blindness, coverage, expectations, lists
from market_data.models import WHOLE, CoverageCell, Partition

State = Partition.State
OPEN = (State.MISSING, State.PARTIAL, State.FAILED)
SHOWN = ("complete", "partial", "missing", "failed", "suspect", "absent", "not_due")


@dataclass
class Gaps:
    """Counts of partitions by state, the days that are not complete, newest first, and why nothing can be expected."""

    dataset: str
    counts: Counter[str] = field(default_factory=Counter)
    cells: list[dict[str, Any]] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)

    @property
    def open(self) -> int:
        """How many partitions are missing, partial or failed."""
        return sum(self.counts[state] for state in OPEN)

    @property
    def are_closed(self) -> bool:
        """Whether everything that is due is there or confirmed absent."""
        return not (self.open or self.counts[State.SUSPECT] or self.blind)

    def as_json(self) -> dict[str, Any]:
        return {"dataset": self.dataset, **{state: self.counts[state] for state in SHOWN}, "cells": self.cells}


def find_gaps(
    dataset: Dataset, start: date, end: date, symbols: tuple[str, ...] | None = None, limit: int = 1000
) -> Gaps:
    """Of the whole market, or of some symbols. All partitions are counted; of those that are not complete at most
    `limit` days are listed, with `limit` missing symbols in all."""
    if dataset.parts == Parts.WHOLE:
        return _gaps_of_list(dataset, start, end)
    partitions = coverage.view(dataset, start, end)
    if symbols is not None and dataset.parts == Parts.CELLS:
        gaps = _gaps_of_symbols(dataset, partitions, list(symbols), limit)
    else:
        gaps = Gaps(dataset.name, Counter(p.state for p in partitions))
        unfinished = [p for p in partitions if p.state not in (State.COMPLETE, State.NOT_DUE)][:limit]
        gaps.cells = _cells(dataset, unfinished, limit)
    _add_unknown_days(gaps, dataset, start, end, limit)
    return gaps


def count_open(
    dataset: Dataset, start: date, end: date, symbols: tuple[str, ...] | None, states: tuple[State, ...] = OPEN
) -> int:
    """How many due partitions of the window are in these states; the ledger is taken as it is."""
    if dataset.parts == Parts.WHOLE:
        counts = _gaps_of_list(dataset, start, end).counts
        return sum(counts[state] for state in states)
    if dataset.parts == Parts.CELLS and symbols is not None:
        counts = find_gaps(dataset, start, end, symbols, limit=0).counts
        return sum(counts[state] for state in states) - len(blindness.unknown_days(dataset, start, end))
    return Partition.objects.filter(dataset=dataset.name, trade_date__range=(start, end), state__in=states).count()


def _gaps_of_list(dataset: Dataset, start: date, end: date) -> Gaps:
    partition = Partition.objects.filter(dataset=dataset.name, trade_date=WHOLE).first()
    partition = partition or Partition(dataset=dataset.name, trade_date=WHOLE)
    if lists.serves(dataset, start, end):
        partition.state = State.COMPLETE
    blind = blindness.sentences(dataset, start, end)
    gaps = Gaps(dataset.name, Counter([partition.state]), blind=blind)
    if partition.state != State.COMPLETE:
        gaps.cells = [_cell(partition, None, [])]
    return gaps


def _add_unknown_days(gaps: Gaps, dataset: Dataset, start: date, end: date, limit: int) -> None:
    """Days that no calendar knows are missing, whatever they turn out to be."""
    gaps.blind = blindness.sentences(dataset, start, end)
    unknown = blindness.unknown_days(dataset, start, end)
    gaps.counts[State.MISSING] += len(unknown)
    reason = "No calendar knows this day."
    days = [Partition(trade_date=day, state=State.MISSING, reason=reason) for day in reversed(unknown[-limit:])]
    gaps.cells = ([_cell(p, p.trade_date, []) for p in days] + gaps.cells)[:limit]


def _cells(dataset: Dataset, partitions: list[Partition], limit: int) -> list[dict[str, Any]]:
    """The days with the symbols that they lack, newest first, until so many symbols are listed."""
    cells, room = [], limit
    for partition in partitions:
        day, symbols = partition.trade_date, list[str]()
        if dataset.parts == Parts.CELLS and room:
            symbols = [symbol for symbol, _ in expectations.missing_cells(dataset, day, day, limit=room)]
            room -= len(symbols)
        cells.append(_cell(partition, day, symbols))
    return cells


def _gaps_of_symbols(dataset: Dataset, partitions: list[Partition], symbols: list[str], limit: int) -> Gaps:
    """The market's partitions, looked at through a few symbols."""
    gaps = Gaps(dataset.name)
    if not partitions:
        return gaps
    start, end = partitions[-1].trade_date, partitions[0].trade_date
    expected = expectations.count_expected(dataset, symbols, start, end)
    settled = CoverageCell.objects.filter(
        dataset=dataset.name, symbol__in=symbols, absent=True, trade_date__range=(start, end)
    )
    absent = set(settled.values_list("symbol", "trade_date"))
    missing: defaultdict[date, list[str]] = defaultdict(list)
    for symbol, day in expectations.missing_cells(dataset, start, end, symbols):
        missing[day].append(symbol)
    room = limit
    for partition in partitions:
        day, lacking = partition.trade_date, sorted(missing[partition.trade_date])
        partition.state = _state_of(partition, expected.get(day, 0), lacking, absent)
        partition.expected = expected.get(day, 0)
        partition.got = partition.expected - len(lacking)
        gaps.counts[partition.state] += 1
        if partition.state not in (State.COMPLETE, State.NOT_DUE) and len(gaps.cells) < limit:
            gaps.cells.append(_cell(partition, day, lacking[:room]))
            room -= len(lacking[:room])
    return gaps


def _state_of(partition: Partition, expected: int, lacking: list[str], absent: set[tuple[str, date]]) -> str:
    if partition.state == State.NOT_DUE:
        return State.NOT_DUE
    if not lacking:
        return State.COMPLETE
    if partition.state in (State.FAILED, State.SUSPECT):
        return partition.state
    if all((symbol, partition.trade_date) in absent for symbol in lacking):
        return State.ABSENT
    return State.PARTIAL if len(lacking) < expected else State.MISSING


def _cell(partition: Partition, day: date | None, symbols: list[str]) -> dict[str, Any]:
    return {
        "trade_date": f"{day:%Y%m%d}" if day else None,
        "expected": partition.expected,
        "got": partition.got,
        "state": str(partition.state),
        "reason": partition.reason,
        "symbols": symbols,
    }
