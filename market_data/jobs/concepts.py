"""The job that brings concepts and their members."""

from collections.abc import Iterator
from typing import Literal

from django.conf import settings
from pydantic import Field

from market_data.datasets import dataset_named
from market_data.engine import accounts
from market_data.engine.ledger import denials
from market_data.engine.orders import Order
from market_data.jobs.syncing import sync_in_turn
from scheduling.context import Context, Outcome
from scheduling.registry import JobKwargs, job

POINTS = 6000
SOURCES = {
    "ths": ("ths_index", "ths_member"),
    "dc": ("dc_index", "dc_member"),
    "em": ("em_concept", "em_concept_member"),
}


class Concepts(JobKwargs):
    """Whose concepts to bring."""

    source: Literal["auto", "ths", "dc", "em"] = Field(
        "auto",
        description="ths: Tonghuashun, dc: Eastmoney, both by Tushare for accounts of 6,000 points; em: Eastmoney by "
        "AkShare; auto: the first of them that the account may ask.",
    )


@job("sync_concept_data", title="Concepts", default_cron="30 18 * * *", kwargs_model=Concepts)
def sync_concept_data(context: Context, source: str) -> Outcome:
    """Bring the concepts and their members; who came and who went is kept with the day on which we saw it."""
    if source != "auto":
        return sync_in_turn(context, [(name, Order(refetch=True)) for name in SOURCES[source]])
    return sync_in_turn(context, _first_allowed(), may_be_denied=[index for index, _ in SOURCES.values()])


def _first_allowed() -> Iterator[tuple[str, Order]]:
    for index, member in SOURCES.values():
        if not _may_ask(index):
            continue
        yield index, Order(refetch=True)
        if _may_ask(index):
            yield member, Order(refetch=True)
            return


def _may_ask(name: str) -> bool:
    dataset = dataset_named(name)
    account = accounts.account_at(dataset.provider)
    has_points = dataset.provider != "tushare" or not settings.TUSHARE_POINTS or settings.TUSHARE_POINTS >= POINTS
    return not account.lacking and has_points and not denials.is_denied(account.name, dataset.api_name)
