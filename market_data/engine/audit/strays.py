"""Rows where no row can be: on days without trading, and of codes that are in no list."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from market_data.datasets import DATASETS, EXCHANGE, Dataset, Parts, Rhythm
from market_data.engine.audit.findings import Finding, Kind
from market_data.engine.audit.scope import Scope, stream
from market_data.engine.ledger.expectations import as_date
from market_data.models import Security

# Tables have millions of rows and thousands of days and symbols: the index is read from one value to the next.
_DISTINCT = (
    "WITH RECURSIVE one(value) AS (SELECT min({column}) FROM {table} UNION ALL "
    "SELECT (SELECT min(n.{column}) FROM {table} n WHERE n.{column} > one.value) FROM one WHERE one.value IS NOT NULL)"
)
_LISTED = (
    "SELECT 1 FROM stock_basic s WHERE s.symbol = one.value AND NOT s.inferred UNION ALL "
    "SELECT 1 FROM bse_mapping m WHERE one.value IN (m.old_symbol, m.new_symbol)"
)


@dataclass(frozen=True)
class StrayCheck:
    """The rows of a dataset whose day is closed or whose symbol no list has, where there are lists."""

    dataset: Dataset

    @property
    def table(self) -> str:
        return self.dataset.table

    @property
    def day(self) -> str:
        return self.dataset.date_column

    @property
    def kinds(self) -> tuple[Kind, ...]:
        name = self.dataset.name
        unknown = Kind("unknown_code", name, "A row's code is in no list.", may_be_asked=False)
        closed = Kind("closed_day", name, "There is a row on a day without trading.", may_be_asked=False)
        return (closed, unknown) if self.dataset.rhythm == Rhythm.SESSIONS else (unknown,)

    def find(self, scope: Scope, datasets: Collection[str]) -> Iterator[Finding]:
        for kind in self.kinds:
            if kind.dataset not in datasets:
                continue
            sql, parameters = self._closed(scope) if kind.name == "closed_day" else self._unknown(scope)
            for symbol, day in stream(sql, parameters):
                yield Finding(kind, symbol, as_date(day), "a row", None)

    def _closed(self, scope: Scope) -> tuple[str, list[Any]]:
        where, parameters = scope.where("t", self.day)
        sql = (
            f"{self._distinct(self.day)} SELECT t.symbol, t.{self.day} FROM one "
            "JOIN trade_cal c ON c.trade_date = one.value AND c.exchange = %s AND NOT c.is_open "
            f"JOIN {self.table} t ON t.{self.day} = one.value WHERE {where}"
        )
        return sql, [EXCHANGE, *parameters]

    def _unknown(self, scope: Scope) -> tuple[str, list[Any]]:
        where, parameters = scope.where("t", self.day)
        there_is_a_list = "true" if Security.objects.filter(inferred=False).exists() else "false"
        sql = (
            f"{self._distinct('symbol')} SELECT t.symbol, t.{self.day} FROM one "
            f"JOIN {self.table} t ON t.symbol = one.value "
            f"WHERE {there_is_a_list} AND NOT EXISTS ({_LISTED}) AND {where}"
        )
        return sql, parameters

    def _distinct(self, column: str) -> str:
        return _DISTINCT.format(column=column, table=self.table)


STRAYS = tuple(StrayCheck(dataset) for dataset in DATASETS.values() if dataset.parts == Parts.CELLS)
