"""Checked rows of files into the database, and the ledger told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from market_data.datasets import Dataset, Parts, Rhythm, dataset_named
from market_data.engine.ledger import cells, clock, coverage
from market_data.engine.running import whole
from market_data.engine.storing import origin
from market_data.engine.storing.writer import Payload, differing_keys, payload_of, upsert
from market_data.frames import pa, pc
from market_data.models import DailyBar, Security, TradingDay

IMPORT = "import"


@dataclass(frozen=True)
class Kept:
    """How many rows were new, or are stored with other values, and the `keys` of the first of those."""

    inserted: int = 0
    different: int = 0
    keys: Sequence[tuple[Any, ...]] = ()


class Keeper:
    """Stores tables one after the other; what is stored stays as it is."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self._listed = frozenset(Security.objects.filter(inferred=False).values_list("symbol", flat=True))
        self._days: list[date] = []

    def payload_of(self, table: pa.Table) -> Payload:
        """What `keep` needs of the rows, made in any thread."""
        return payload_of(self.dataset, table, IMPORT)

    def keep(self, table: pa.Table, payload: Payload, lacking: Sequence[str], shown: int) -> Kept:
        """Store the rows in one transaction. The file does not have the columns that it is `lacking`."""
        if not table.num_rows:
            return Kept()
        lacking = [self.dataset.source_of(name) for name in lacking]
        with transaction.atomic():
            origin.claim(made_up=False)
            span = self.dataset.expectation_span(table) if self.dataset.expectation_span else None
            _forget_inferred(self.dataset, table)
            counts = upsert(self.dataset, table, clock.now(), IMPORT, overwrite=False, lacking=lacking, payload=payload)
            if span and counts.inserted:
                coverage.mark_expectations(*span)
            if self.dataset.parts != Parts.WHOLE:
                self._note_days(table)
            keys = differing_keys(self.dataset, shown, lacking) if counts.different else []
        return Kept(counts.inserted, counts.different, keys)

    def bring_ledger_up_to_date(self) -> None:
        """Count the days that have rows; where there is no calendar to count them by, the library's comes first."""
        if self.dataset.parts == Parts.WHOLE or not self._days:
            return
        if self.dataset.rhythm == Rhythm.SESSIONS and not TradingDay.objects.exists():
            whole.store_copy(dataset_named("trade_cal"))
        coverage.ensure(self.dataset, min(self._days), max(self._days))
        coverage.refresh(self.dataset)

    def _note_days(self, table: pa.Table) -> None:
        """Have the days of these rows counted again. Their rows are there, whether or not a whole day came."""
        edges = pc.min_max(table[self.dataset.date_column]).as_py()
        start, end = edges["min"], edges["max"]
        if self.dataset.parts == Parts.CELLS:
            cells.forget_stored(self.dataset, table, start, end)
        # Only bars tell when a stock that is in no list was traded; price limits name funds too.
        is_bar = self.dataset.model is DailyBar
        unlisted = is_bar and not self._listed.issuperset(table["symbol"].unique().to_pylist())
        coverage.mark([self.dataset.name], start, end, unlisted=unlisted)
        self._days += [start, end]


def _forget_inferred(dataset: Dataset, table: pa.Table) -> None:
    """What was only inferred gives way to what a file says."""
    for name, value in dataset.constants.items():
        inferred = dataset.model._default_manager.exclude(**{name: value})
        known = set(inferred.values_list("symbol", flat=True)).intersection(table["symbol"].to_pylist())
        inferred.filter(symbol__in=known).delete()
