"""Checks of single rows: declared as SQL expressions, all of a table evaluated in one reading."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from market_data.engine.audit.findings import Finding, Kind
from market_data.engine.audit.scope import Scope, stream
from market_data.engine.ledger.expectations import as_date

CENT = 0.0051
"""Half of the last decimal of a price, and a little for the arithmetic of doubles."""


@dataclass(frozen=True)
class Rule:
    """A row is wrong where `wrong` is true; `saw` is what it has and `expected` what it should have. NULL is not wrong.

    All three are SQL that both databases take.
    """

    kind: Kind
    wrong: str
    saw: str
    expected: str


@dataclass(frozen=True)
class RowCheck:
    """Rules over the rows `t` of a table, joined with the rows that they are compared with."""

    table: str
    rules: tuple[Rule, ...]
    joined: str = ""
    day: str = "trade_date"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(rule.kind for rule in self.rules)

    def find(self, scope: Scope, datasets: Collection[str]) -> Iterator[Finding]:
        rules = [rule for rule in self.rules if rule.kind.dataset in datasets]
        for symbol, day, *values in stream(*self._sql(rules, scope)):
            for at, rule in enumerate(rules):
                wrong, saw, expected = values[3 * at : 3 * at + 3]
                if wrong:
                    yield Finding(rule.kind, symbol, as_date(day), saw, expected)

    def _sql(self, rules: list[Rule], scope: Scope) -> tuple[str, list[Any]]:
        columns = ", ".join(
            f"({rule.wrong}) AS wrong_{at}, {rule.saw} AS saw_{at}, {rule.expected} AS expected_{at}"
            for at, rule in enumerate(rules)
        )
        any_wrong = " OR ".join(f"({rule.wrong})" for rule in rules)
        where, parameters = scope.where("t", self.day)
        rows = f"FROM {self.table} t {self.joined} WHERE ({any_wrong}) AND {where}"
        return f"SELECT t.symbol, t.{self.day}, {columns} {rows}", parameters
