"""Which rows are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import QuerySet

from market_data.datasets import Dataset

BY_SYMBOL_AND_DAY = ("symbol", "trade_date")


@dataclass(frozen=True)
class Wanted:
    """Rows of a dataset: of these symbols (None: all), on these days (None: no limit)."""

    dataset: Dataset
    start: date | None = None
    end: date | None = None
    symbols: Sequence[str] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns worth reading; of reports the JSON column `rest` comes last."""
        return (*(field.name for field in self.dataset.shown), *(("rest",) if self.dataset.keeps_versions else ()))

    def between(self, start: date | None, end: date | None) -> "Wanted":
        return replace(self, start=start, end=end)

    def rows(self) -> "QuerySet[Any, Any]":
        """The rows as models, in no order."""
        dataset, rows = self.dataset, self.dataset.stored
        if dataset.date_column in dataset.columns:
            rows = rows.filter(**{f"{dataset.date_column}__gte": self.start}) if self.start else rows
            rows = rows.filter(**{f"{dataset.date_column}__lte": self.end}) if self.end else rows
        by_symbol = self.symbols is not None and "symbol" in dataset.columns
        return rows.filter(symbol__in=self.symbols) if by_symbol else rows
