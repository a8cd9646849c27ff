"""The jobs that bring what AkShare reads of a trading day, asked for twice in the evening: the pages fail often."""

from dataclasses import replace
from datetime import date
from typing import Any

from pydantic import Field

from market_data.engine.ledger import clock, expectations
from market_data.engine.orders import Order
from market_data.jobs.syncing import INCREMENTAL, after_last_complete, sync_in_turn
from scheduling.context import Context, Outcome
from scheduling.registry import JobKwargs, job

# One after the other: AkShare asks for one page at a time anyway.
IN_TURN: dict[str, Any] = {"calendar": "SSE", "pool": "akshare"}


@job("sync_limit_up_pool", title="Limit-up pool", default_cron="0 16,20 * * *", policies=IN_TURN)
def sync_limit_up_pool(context: Context) -> Outcome:
    """Bring the stocks that closed at their limit, of today and of days missed in the last two weeks, through AkShare.
    The second run of the evening asks again for what the first one did not get."""
    return _bring(context, "limit_up_pool", after_last_complete("limit_up_pool"))


@job("sync_dragon_tiger", title="Dragon-tiger list", default_cron="40 18,21 * * *", policies=IN_TURN)
def sync_dragon_tiger(context: Context) -> Outcome:
    """Bring the exchanges' lists of conspicuous trading since the last complete day, through AkShare. The second run
    of the evening asks again for what the first one did not get."""
    return _bring(context, "dragon_tiger", after_last_complete("dragon_tiger"))


class FundFlow(JobKwargs):
    """Whose flow of money to bring besides that of the sectors."""

    symbols: list[str] = Field([], description="Stocks, such as 600000.SH: one call each.")


@job("sync_fund_flow", title="Fund flow", default_cron="20 16,20 * * *", kwargs_model=FundFlow, policies=IN_TURN)
def sync_fund_flow(context: Context, symbols: list[str]) -> Outcome:
    """Bring the flow of money into sectors of the latest trading day, through AkShare: no other day can be had; and
    into the stocks that are named. The second run of the evening asks again where the first one failed."""
    orders = [("sector_fund_flow", _order(expectations.latest_session(clock.today())))]
    if symbols:
        of_stocks = replace(_order(after_last_complete("individual_fund_flow")), symbols=tuple(symbols))
        orders.append(("individual_fund_flow", of_stocks))
    return sync_in_turn(context, orders)


def _bring(context: Context, dataset: str, start: date) -> Outcome:
    return sync_in_turn(context, [(dataset, _order(start))])


def _order(start: date) -> Order:
    return Order(start, provider="akshare", job_type=INCREMENTAL)
