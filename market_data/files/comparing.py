"""The same cells as two providers have them; nothing is stored."""

from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import permutations
from typing import Any

from django.conf import settings
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from market_data.datasets import Dataset, Parts
from market_data.engine.accounts import account_at, provider_named
from market_data.engine.planner.planning import row_cap
from market_data.engine.running.fetching import Fetching, fetch
from market_data.engine.storing import judging
from market_data.exceptions import BadPayload, Transient, UsageError
from market_data.models import SyncRequest
from market_data.queries import stored_rows

LOCAL = "local"
SHOWN = 1000
ATTEMPTS = 3
ROUNDING = {"pct_chg": 0.005, "volume": 100.0}
"""What no provider's rounding may exceed: some give percents with two decimals, or whole lots of 100 shares."""
Values = dict[str, float | None]
Rows = dict[date, Values]


@dataclass(frozen=True)
class Question:
    """Which cells are compared: of these symbols, from the first day to the last."""

    dataset: Dataset
    providers: tuple[str, str]
    symbols: tuple[str, ...]
    start: date
    end: date
    tolerance: float


@dataclass
class Comparison:
    """`compared` cells both have, of which `different` differ; the first of them are in `cells`.

    `only` names rows, or columns of rows, that one has and the other does not. All figures are in our units.
    """

    dataset: str
    providers: tuple[str, str]
    compared: int = 0
    different: int = 0
    cells: list[dict[str, Any]] = field(default_factory=list)
    only: list[dict[str, Any]] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        return not self.different and not self.only

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "providers": list(self.providers),
            "cells": self.cells,
            "compared": self.compared,
            "different": self.different,
            "only": self.only,
        }


def compare(question: Question) -> Comparison:
    """Raises UsageError for what cannot be compared, and a ProviderError where a provider does not answer."""
    _check(question)
    comparison = Comparison(question.dataset.name, question.providers)
    with ExitStack() as stack:
        first, second = (stack.enter_context(closing(_source(question, name))) for name in question.providers)
        for symbol in question.symbols:
            _compare_symbol(question, comparison, symbol, first.rows(symbol), second.rows(symbol))
    return comparison


def _check(question: Question) -> None:
    dataset = question.dataset
    if dataset.parts != Parts.CELLS or dataset.keeps_versions:
        raise UsageError(f"{dataset.name} has no row for each stock and day; compare daily, adj_factor or the like.")
    if question.providers[0] == question.providers[1]:
        raise UsageError("Name two different providers, such as --providers tushare,akshare.")
    for name in question.providers:
        if name != LOCAL:
            account_at(name)
            dataset.asked_of(name)


class _Stored:
    """What is stored, as a source of rows."""

    def __init__(self, question: Question) -> None:
        self.question = question

    def rows(self, symbol: str) -> Rows:
        dataset = self.question.dataset
        names = [f.name for f in dataset.fields]
        found = stored_rows(dataset, self.question.start, self.question.end, (symbol,))
        return _by_day(dataset, [dict(zip(names, row, strict=True)) for row in found])

    def close(self) -> None:
        return


class _Asked:
    """A provider, as a source of rows."""

    def __init__(self, question: Question, name: str) -> None:
        self.question = question
        self._dataset = question.dataset.asked_of(name)
        self._provider = provider_named(name)
        self._patiently = Retrying(
            retry=retry_if_exception_type(Transient),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=settings.SYNC_RETRY_BASE_SECONDS),
            reraise=True,
        )

    def rows(self, symbol: str) -> Rows:
        return _by_day(self._dataset, self._answered(symbol, self.question.start, self.question.end))

    def close(self) -> None:
        self._provider.close()

    def _answered(self, symbol: str, start: date, end: date) -> list[dict[str, Any]]:
        """What the provider says, asked again in halves where the answer was cut."""
        request = SyncRequest(shape="symbols", symbols=[symbol], start_date=start, end_date=end)
        question = judging.Question(shape="symbols", cap=row_cap(self._dataset))
        fetched = self._patiently(fetch, Fetching(self._provider, self._dataset), request, question)
        if fetched.judgement.verdict != judging.Verdict.ASK_DIFFERENTLY:
            rows: list[dict[str, Any]] = fetched.table.to_pylist()
            return rows
        if start == end:
            raise BadPayload(f"{self._dataset.name}: the rows of {symbol} on {start} do not fit into an answer.")
        middle = start + (end - start) // 2
        return self._answered(symbol, start, middle) + self._answered(symbol, middle + timedelta(days=1), end)


def _source(question: Question, name: str) -> _Stored | _Asked:
    return _Stored(question) if name == LOCAL else _Asked(question, name)


def _by_day(dataset: Dataset, rows: Iterable[dict[str, Any]]) -> Rows:
    """A symbol's figures by day."""
    numbers = [f.name for f in dataset.fields if f.kind == "number"]
    return {row[dataset.date_column]: {name: row[name] for name in numbers} for row in rows}


def _compare_symbol(question: Question, comparison: Comparison, symbol: str, first: Rows, second: Rows) -> None:
    columns = _common_columns(first, second)
    for day in sorted(first.keys() | second.keys()):
        key = {"symbol": symbol, "trade_date": f"{day:%Y%m%d}"}
        row = dict(zip(question.providers, (first.get(day, {}), second.get(day, {})), strict=True))
        _note_only(comparison, key, row, columns)
        for name in columns:
            values = {provider: found.get(name) for provider, found in row.items()}
            _compare_cell(comparison, {**key, "column": name, **values}, question.tolerance)


def _common_columns(first: Rows, second: Rows) -> list[str]:
    """The columns that both have on some day: what a provider never gives is not compared. All, where one has none."""
    given = [
        {name: 0 for row in rows.values() for name, value in row.items() if value is not None}
        for rows in (first, second)
    ]
    common = [name for name in given[0] if name in given[1]]
    return common or [*given[0], *given[1]]


def _note_only(comparison: Comparison, key: dict[str, Any], row: dict[str, Values], columns: list[str]) -> None:
    for has, lacks in permutations(row):
        names = [name for name in columns if row[has].get(name) is not None and row[lacks].get(name) is None]
        if names and len(comparison.only) < SHOWN:
            comparison.only.append({**key, "provider": has, "columns": names})


def _compare_cell(comparison: Comparison, cell: dict[str, Any], tolerance: float) -> None:
    one, other = (cell[provider] for provider in comparison.providers)
    if one is None or other is None:
        return
    comparison.compared += 1
    allowed = max(tolerance * max(abs(one), abs(other)), ROUNDING.get(cell["column"], 0.0))
    if abs(one - other) <= allowed:
        return
    comparison.different += 1
    if len(comparison.cells) < SHOWN:
        comparison.cells.append(cell)
