"""The job behind every button that syncs: any datasets, days and symbols."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from market_data.background import register_sync
from market_data.datasets import Parts, dataset_named
from market_data.engine.orders import Order
from market_data.jobs.syncing import DatasetName, after_last_complete, sync_in_turn
from scheduling import installing, registry, running
from scheduling.context import Context, Outcome
from scheduling.registry import Day, JobKwargs, job

NAME = "backfill"


def _named(symbols: list[str]) -> list[str]:
    return list(dict.fromkeys(symbol.strip().upper() for symbol in symbols if symbol.strip()))


class Backfill(JobKwargs):
    """What to bring."""

    datasets: list[DatasetName] = Field(min_length=1, description="Which datasets, in this order.")
    start: Day | None = Field(None, description="First day; empty: the configured start, else each stock's list date.")
    end: Day | None = Field(None, description="Last day; empty: today.")
    symbols: Annotated[list[str], AfterValidator(_named)] = Field(
        [], description="Only these stocks, such as 600000.SH; empty: all."
    )
    latest: bool = Field(False, description="Only what is new since the last complete day; lists are asked for again.")


@job(
    NAME,
    title="Back-fill",
    kwargs_model=Backfill,
    default_kwargs={"datasets": ["daily"]},
    policies={"overlap": "allow", "priority": 7},
)
def backfill(
    context: Context, datasets: list[str], start: date | None, end: date | None, symbols: list[str], latest: bool
) -> Outcome:
    """Bring what is missing of any datasets between two days. What is stored is not asked for again."""
    orders = [(name, _order(name, start, end, symbols, latest)) for name in datasets]
    return sync_in_turn(context, orders)


def _order(name: str, start: date | None, end: date | None, symbols: list[str], latest: bool) -> Order:
    is_list = dataset_named(name).parts == Parts.WHOLE
    if is_list:
        return Order(refetch=True)
    return Order(after_last_complete(name) if latest else start, end, tuple(symbols) or None)


def _start(kwargs: dict[str, Any]) -> str:
    declared = registry.find(NAME)
    if declared:
        installing.install(declared)
    return str(running.trigger_now(NAME, kwargs).id)


register_sync(_start)
