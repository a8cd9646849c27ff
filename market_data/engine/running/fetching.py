"""Ask for one request, check the answer and judge it. Runs in a pool: touches no database but the provider's budget."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from market_data.datasets import Dataset
from market_data.engine.ledger.roster import Missing, Roster
from market_data.engine.running.calls import call_for, window_of
from market_data.engine.storing.checks import Refused, check
from market_data.engine.storing.judging import Answered, Judgement, Question, judge
from market_data.engine.storing.writer import Payload, payload_of
from market_data.frames import pa
from market_data.models import SyncRequest
from market_data.providers.base import Answer, Call, Provider

ROUND_CAP = 1000


@dataclass(frozen=True)
class Fetched:
    """A judged answer. `missing` are the symbols and days of expected cells that it does not have."""

    table: pa.Table
    refused: list[Refused]
    judgement: Judgement
    made_up: bool
    has_more: bool = False
    payload: Payload | None = None
    missing: Missing | None = None
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fetching:
    """What the requests of a run share. `short` counts the sizes of answers that fell short."""

    provider: Provider
    dataset: Dataset
    roster: Roster | None = None
    short: Counter[int] = field(default_factory=Counter)


def fetch(run: Fetching, request: SyncRequest, question: Question) -> Fetched:
    """Ask, check and judge, and prepare what the one thread that stores would otherwise have to do.

    Raises a ProviderError, or Stopped before anything was sent."""
    call = call_for(run.dataset, request)
    if question.is_paged:
        return _judged(run, request, question, all_pages(run.provider, call))
    use = partial(_judged, run, request, question)
    fetched = run.provider.ask(call, use)
    if question.expected and not fetched.table.num_rows and not fetched.refused:
        # An empty answer where rows are due is believed when it comes twice.
        fetched = run.provider.ask(call, use)
    return fetched


def _judged(run: Fetching, request: SyncRequest, question: Question, answer: Answer) -> Fetched:
    window = window_of(run.dataset, request)
    if run.roster:
        window = replace(window, closed=run.roster.closed)
    checked = check(run.dataset, answer, window)
    missing = run.roster.missing_from(checked.table, *_window(request)) if run.roster else None
    if missing:
        question = replace(question, expected=missing.expected)
    due = missing.expected - missing.cells + len(checked.refused) if missing else answer.rows
    answered = Answered(answer.rows, due, answer.has_more, run.short[answer.rows])
    judgement = judge(run.dataset, question, answered)
    if question.shape == "symbols" and due < question.expected:
        run.short[answer.rows] += 1
    payload = payload_of(run.dataset, checked.table, run.provider.name) if checked.table.num_rows else None
    return Fetched(
        checked.table, checked.refused, judgement, answer.made_up, answer.has_more, payload, missing, checked.lacking
    )


def _window(request: SyncRequest) -> tuple[date, date, list[str] | None]:
    return request.start_date, request.end_date, request.symbols or None


def all_pages(provider: Provider, call: Call) -> Answer:
    """The pages of an answer as one. The last one is short, and not of a round number of rows, as caps are."""
    columns: dict[str, list[Any]] = {}
    seen: set[tuple[Any, ...]] = set()
    rows, made_up, has_more = 0, False, True
    while has_more:
        params = {**call.params, "offset": rows} if rows else call.params
        page = provider.ask(replace(call, params=params), lambda answer: answer)
        # Rows move while pages are turned: one that came before is not another version.
        new = [row for row in zip(*page.columns.values(), strict=True) if row not in seen] if rows else None
        for name, values in _columns_of(page, new).items():
            columns.setdefault(name, []).extend(values)
        seen.update(zip(*page.columns.values(), strict=True))
        rows, made_up = rows + page.rows, page.made_up
        has_more = page.has_more or (page.rows > 0 and page.rows % ROUND_CAP == 0)
    return Answer(columns, len(next(iter(columns.values()), [])), made_up=made_up)


def _columns_of(page: Answer, rows: list[tuple[Any, ...]] | None) -> dict[str, list[Any]]:
    if rows is None:
        return page.columns
    return {name: [row[at] for row in rows] for at, name in enumerate(page.columns)}
