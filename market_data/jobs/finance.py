"""The jobs that bring companies' reports."""

from collections.abc import Iterator
from datetime import date

from pydantic import Field

from market_data.datasets import dataset_named
from market_data.engine import report_orders
from market_data.engine.orders import Order
from market_data.jobs.syncing import DatasetName, sync_in_turn
from scheduling.context import Context, Outcome
from scheduling.registry import Day, JobKwargs, job

REPORTS = ("fina_indicator", "income", "balancesheet", "cashflow")


class Reports(JobKwargs):
    """Which reports to bring."""

    datasets: list[DatasetName] = Field(list(REPORTS), min_length=1, description="Which reports, in this order.")


class ReportHistory(Reports):
    """Reports of a span of periods."""

    start: Day | None = Field(None, description="First period; empty: SYNC_FINANCE_HISTORY_START_DATE.")
    end: Day | None = Field(None, description="Last period; empty: the last one that is due.")


@job("sync_finance_history", title="Financial history", kwargs_model=ReportHistory, policies={"priority": 3})
def sync_finance_history(context: Context, datasets: list[str], start: date | None, end: date | None) -> Outcome:
    """Bring the reports of all stocks, by whole quarters where the account may, else stock by stock. What is stored
    is not asked for again, so it can be stopped and started at any time."""
    return sync_in_turn(context, ((name, Order(start, end)) for name in datasets))


@job("sync_incremental_finance", title="Financial reports", default_cron="0 0 * * *", kwargs_model=Reports)
def sync_incremental_finance(context: Context, datasets: list[str]) -> Outcome:
    """Bring the reports that failed before, then those that were announced, then those that are overdue."""
    return sync_in_turn(context, _increments(datasets))


def _increments(datasets: list[str]) -> Iterator[tuple[str, Order]]:
    yield "stock_basic", Order()
    yield "disclosure_date", Order()
    for name in datasets:
        for order in report_orders.increment(dataset_named(name)):
            yield name, order
