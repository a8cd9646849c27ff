"""Ask for one request and check the answer. Runs in a pool: touches no database but the provider's budget."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from market_data.datasets import Dataset
from market_data.engine.calls import call_for, window_of
from market_data.engine.checks import check
from market_data.models import SyncRequest
from market_data.providers.base import Answer, Provider

ROUND_CAP = 1000


@dataclass(frozen=True)
class Fetched:
    """An answer that passed the checks. `truncated`: the provider has more than it sent."""

    table: pa.Table
    refused: list[dict[str, Any]]
    truncated: bool
    made_up: bool


def fetch(provider: Provider, dataset: Dataset, request: SyncRequest, cap: int) -> Fetched:
    """Raises a ProviderError, or Stopped before anything was sent."""

    def use(answer: Answer) -> Fetched:
        checked = check(dataset, answer, window_of(request))
        return Fetched(checked.table, checked.refused, _is_truncated(answer, request, cap), answer.made_up)

    call = call_for(dataset, request)
    fetched = provider.ask(call, use)
    if request.expected_rows and not fetched.table.num_rows and not fetched.refused:
        # An empty answer where rows are due is believed when it comes twice.
        fetched = provider.ask(call, use)
    return fetched


def _is_truncated(answer: Answer, request: SyncRequest, cap: int) -> bool:
    """Also where a lower cap than we know of shows: fewer rows than expected, and a round number of them."""
    at_unknown_cap = 0 < answer.rows < request.expected_rows and answer.rows % ROUND_CAP == 0
    return answer.has_more or answer.rows >= cap or at_unknown_cap
