"""What an order would cost. Nothing is sent."""

import math
from typing import Any

from market_data.datasets import Dataset, Parts, Rhythm, dataset_named
from market_data.datasets.quarters import quarter_ends
from market_data.engine import accounts
from market_data.engine.orders import Order, check_order, dataset_of, window
from market_data.engine.planner import planning
from market_data.models import SyncRequest, TradingDay
from market_data.ratelimit.budget import price as ideal_seconds

TYPICAL_LATENCY_SECONDS = 1.0


def price(name: str, order: Order) -> dict[str, Any]:
    """What a sync would cost: calls, rows and seconds. Nothing is sent."""
    dataset = dataset_of(name, order)
    check_order(order)
    calls, rows = _size(dataset, order)
    rate = accounts.account_at(order.provider or dataset.provider).rate
    seconds = ideal_seconds(calls, rate.limit, rate.window, TYPICAL_LATENCY_SECONDS) if calls else 0.0
    return {"dataset": name, "calls": calls, "rows_expected": rows, "seconds_expected": round(seconds, 1)}


def _size(dataset: Dataset, order: Order) -> tuple[int, int]:
    """Calls and rows. Before any list is there, a call for each day or quarter, and rows that nobody knows."""
    wanted = window(dataset, order)
    if dataset.parts != Parts.WHOLE and not TradingDay.objects.exists():
        return _count_days(dataset, wanted), 0
    requests = planning.plan_for(dataset, wanted).requests
    return sum(_calls_of(dataset, request) for request in requests), sum(r.expected_rows for r in requests)


def _count_days(dataset: Dataset, wanted: planning.Wanted) -> int:
    if dataset.rhythm == Rhythm.QUARTERS:
        return len(quarter_ends(wanted.start, wanted.end))
    sessions = dataset_named("trade_cal").fallback().to_pydict()  # type: ignore[misc]
    days = zip(sessions["trade_date"], sessions["is_open"], strict=True)
    return sum(is_open and wanted.start <= day <= wanted.end for day, is_open in days)


def _calls_of(dataset: Dataset, request: SyncRequest) -> int:
    """One, but for the pages of a whole market's answer."""
    page_rows = dataset.by_day.page_rows if dataset.by_day else 0
    if not page_rows or request.symbols:
        return 1
    return max(1, math.ceil(request.expected_rows * dataset.rows_per_cell / page_rows))
