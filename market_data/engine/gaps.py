"""What of a window is not complete."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from market_data.datasets import Dataset, Parts
from market_data.engine import coverage, expectations
from market_data.models import WHOLE, CoverageCell, Partition

State = Partition.State
OPEN = (State.MISSING, State.PARTIAL, State.FAILED)
SYMBOLS_SHOWN = 1000


@dataclass
class Gaps:
    """Counts of partitions by state, and the days that are not complete, newest first."""

    dataset: str
    counts: Counter[str] = field(default_factory=Counter)
    cells: list[dict[str, Any]] = field(default_factory=list)

    @property
    def open(self) -> int:
        """How many partitions are missing, partial or failed."""
        return sum(self.counts[state] for state in OPEN)

    def as_json(self) -> dict[str, Any]:
        shown = ("complete", "partial", "missing", "failed", "absent", "not_due")
        return {"dataset": self.dataset, **{state: self.counts[state] for state in shown}, "cells": self.cells}


def find_gaps(
    dataset: Dataset, start: date, end: date, symbols: tuple[str, ...] | None = None, limit: int = 1000
) -> Gaps:
    """Of the whole market, or of some symbols. At most `limit` days are listed; all are counted."""
    if dataset.parts == Parts.WHOLE:
        return _gaps_of_list(dataset)
    coverage.ensure(dataset, start, end)
    coverage.refresh(dataset)
    partitions = list(
        Partition.objects.filter(dataset=dataset.name, trade_date__range=(start, end)).order_by("-trade_date")
    )
    if symbols is not None and dataset.parts == Parts.CELLS:
        return _gaps_of_symbols(dataset, partitions, list(symbols), limit)
    gaps = Gaps(dataset.name, Counter(p.state for p in partitions))
    unfinished = [p for p in partitions if p.state not in (State.COMPLETE, State.NOT_DUE)][:limit]
    missing = _missing_by_day(dataset, [p.trade_date for p in unfinished if p.got or p.expected <= SYMBOLS_SHOWN])
    gaps.cells = [_cell(p.trade_date, p.expected, p.got, p.state, missing.get(p.trade_date, [])) for p in unfinished]
    return gaps


def count_open(dataset: Dataset, start: date, end: date, symbols: tuple[str, ...] | None) -> int:
    """How many due partitions of the window are not settled; the ledger is taken as it is."""
    if dataset.parts == Parts.CELLS and symbols is not None:
        return find_gaps(dataset, start, end, symbols, limit=0).open
    if dataset.parts == Parts.WHOLE:
        return _gaps_of_list(dataset).open
    found = Partition.objects.filter(dataset=dataset.name, trade_date__range=(start, end), state__in=OPEN)
    return found.count()


def _gaps_of_list(dataset: Dataset) -> Gaps:
    partition, _ = Partition.objects.get_or_create(dataset=dataset.name, trade_date=WHOLE)
    gaps = Gaps(dataset.name, Counter([partition.state]))
    if partition.state != State.COMPLETE:
        gaps.cells = [_cell(None, partition.expected, partition.got, partition.state, [])]
    return gaps


def _gaps_of_symbols(dataset: Dataset, partitions: list[Partition], symbols: list[str], limit: int) -> Gaps:
    """The market's partitions, looked at through a few symbols."""
    gaps = Gaps(dataset.name)
    if not partitions:
        return gaps
    start, end = partitions[-1].trade_date, partitions[0].trade_date
    expected = expectations.count_expected(dataset, symbols, start, end)
    absent = set(
        CoverageCell.objects.filter(
            dataset=dataset.name, symbol__in=symbols, absent=True, trade_date__range=(start, end)
        ).values_list("symbol", "trade_date")
    )
    missing: defaultdict[date, list[str]] = defaultdict(list)
    for symbol, day in expectations.missing_cells(dataset, start, end, symbols):
        missing[day].append(symbol)
    for partition in partitions:
        day = partition.trade_date
        lacking = sorted(missing[day])
        state = _state_of(partition, expected.get(day, 0), lacking, absent)
        gaps.counts[state] += 1
        if state not in (State.COMPLETE, State.NOT_DUE) and len(gaps.cells) < limit:
            wanted = expected.get(day, 0)
            gaps.cells.append(_cell(day, wanted, wanted - len(lacking), state, lacking))
    return gaps


def _state_of(partition: Partition, expected: int, lacking: list[str], absent: set[tuple[str, date]]) -> str:
    if partition.state == State.NOT_DUE:
        return State.NOT_DUE
    if not lacking:
        return State.COMPLETE
    if all((symbol, partition.trade_date) in absent for symbol in lacking):
        return State.ABSENT
    if partition.state == State.FAILED:
        return State.FAILED
    return State.PARTIAL if len(lacking) < expected else State.MISSING


def _missing_by_day(dataset: Dataset, days: list[date]) -> dict[date, list[str]]:
    """The symbols without a row."""
    missing: defaultdict[date, list[str]] = defaultdict(list)
    if not days or dataset.parts != Parts.CELLS:
        return missing
    wanted = set(days)
    for start, end in coverage.merged((day, day) for day in days):
        for symbol, day in expectations.missing_cells(dataset, start, end):
            if day in wanted:
                missing[day].append(symbol)
    return {day: sorted(found) for day, found in missing.items()}


def _cell(day: date | None, expected: int, got: int, state: str, symbols: list[str]) -> dict[str, Any]:
    return {
        "trade_date": f"{day:%Y%m%d}" if day else None,
        "expected": expected,
        "got": got,
        "state": str(state),
        "symbols": symbols[:SYMBOLS_SHOWN],
    }
