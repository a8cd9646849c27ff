"""Ask for one request and check the answer. Runs in a pool: touches no database but the provider's budget."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pyarrow as pa

from market_data.datasets import Dataset
from market_data.engine.calls import call_for, window_of
from market_data.engine.checks import check
from market_data.engine.roster import Roster
from market_data.engine.writer import Payload, payload_of
from market_data.models import SyncRequest
from market_data.providers.base import Answer, Call, Provider

ROUND_CAP = 1000


@dataclass(frozen=True)
class Fetched:
    """An answer that passed the checks. `truncated`: the provider has more than it sent."""

    table: pa.Table
    refused: list[dict[str, Any]]
    truncated: bool
    made_up: bool
    payload: Payload | None = None
    missing: tuple[list[str], list[date]] | None = None


def fetch(provider: Provider, dataset: Dataset, request: SyncRequest, cap: int, roster: Roster | None) -> Fetched:
    """Ask, check, and prepare what the one thread that stores would otherwise have to do.

    Raises a ProviderError, or Stopped before anything was sent."""
    is_paged = bool(dataset.page_rows) and not request.symbols

    def use(answer: Answer) -> Fetched:
        checked = check(dataset, answer, window_of(dataset, request))
        truncated = not is_paged and _is_truncated(answer, request, cap)
        return Fetched(
            checked.table,
            checked.refused,
            truncated,
            answer.made_up,
            payload_of(dataset, checked.table) if checked.table.num_rows else None,
            roster.missing_from(checked.table, *_window(request)) if roster else None,
        )

    call = call_for(dataset, request)
    if is_paged:
        return use(all_pages(provider, call))
    fetched = provider.ask(call, use)
    if request.expected_rows and not fetched.table.num_rows and not fetched.refused:
        # An empty answer where rows are due is believed when it comes twice.
        fetched = provider.ask(call, use)
    return fetched


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


def _is_truncated(answer: Answer, request: SyncRequest, cap: int) -> bool:
    """Also where a lower cap than we know of shows: fewer rows than expected, and a round number of them."""
    at_unknown_cap = 0 < answer.rows < request.expected_rows and answer.rows % ROUND_CAP == 0
    return answer.has_more or answer.rows >= cap or at_unknown_cap
