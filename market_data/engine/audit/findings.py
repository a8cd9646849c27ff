"""What an audit finds: a cell that cannot be right, the kind of contradiction, what is stored and what it should be."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Value = float | str | None


@dataclass(frozen=True)
class Kind:
    """A contradiction that a check looks for. `dataset` is asked again to cure it, where that may help.

    `is_of_row`: the cell has a row, which is wrong; else it has none.
    """

    name: str
    dataset: str
    sentence: str
    is_of_row: bool = True
    may_be_asked: bool = True


@dataclass(frozen=True)
class Finding:
    """A cell and what contradicts it. `trade_date` is the day of its partition: of reports the end of the period."""

    kind: Kind
    symbol: str
    trade_date: date
    saw: Value
    expected: Value

    @property
    def cell(self) -> tuple[str, str, date]:
        return self.kind.dataset, self.symbol, self.trade_date

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.kind.dataset,
            "symbol": self.symbol,
            "trade_date": f"{self.trade_date:%Y%m%d}",
            "kind": self.kind.name,
            "saw": self.saw,
            "expected": self.expected,
        }


@dataclass
class Report:
    """How many rows were read, how much was found of each kind, and the first findings."""

    limit: int
    checked: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    cells: list[Finding] = field(default_factory=list)

    @property
    def findings(self) -> int:
        return self.kinds.total()

    def add(self, found: Iterable[Finding]) -> None:
        """Counts every finding and keeps the first ones, as many as the limit allows."""
        for finding in found:
            self.kinds[finding.kind.name] += 1
            if len(self.cells) < self.limit:
                self.cells.append(finding)

    def as_json(self) -> dict[str, Any]:
        return {
            "checked": self.checked,
            "findings": self.findings,
            "kinds": dict(self.kinds),
            "cells": [finding.as_json() for finding in self.cells],
        }
