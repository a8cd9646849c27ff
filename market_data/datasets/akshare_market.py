"""What AkShare reads of each trading day from Eastmoney's pages: best effort, and mostly of recent days only."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from market_data.datasets.base import SYMBOL, TRADE_DATE, Columns, Dataset, Parts, Plausible, numbers, texts
from market_data.datasets.shapes import ByDay, BySymbol, Range
from market_data.frames import np
from market_data.models import DragonTiger, IndividualFundFlow, LimitUp, SectorFundFlow

if TYPE_CHECKING:
    from numpy.typing import NDArray

_A_PAGE = 10_000
_SIZES = ("main", "super_large", "large", "medium", "small")
_FLOWS = numbers(*(f"{size}_net_{what}" for what in ("amount", "rate") for size in _SIZES))


def impossible_listing(columns: Columns) -> NDArray[np.bool_]:
    """A price of nothing or less, negative turnover."""
    return (columns["close"] <= 0) | (columns["amount"] < 0)


LIMIT_UP_POOL = Dataset(
    name="limit_up_pool",
    title="Limit-up pool",
    model=LimitUp,
    parts=Parts.EVENTS,
    fields=(
        SYMBOL,
        TRADE_DATE,
        *texts("name", "industry", "first_time", "last_time", "up_stat"),
        *numbers("close", "pct_chg", "amount", "float_mv", "total_mv", "turnover_ratio", "fd_amount"),
        *numbers("open_times", "limit_times"),
    ),
    key=("symbol", "trade_date"),
    job_type="MARKET_LISTS",
    row_cap=_A_PAGE,
    shapes=(ByDay(),),
    plausible=Plausible(least_share=0.1, rate=0.002),
    ready_at=time(15, 30),
    depends_on=("trade_cal",),
    impossible=impossible_listing,
    provider="akshare",
    history_days=14,
)

DRAGON_TIGER = Dataset(
    name="dragon_tiger",
    title="Dragon-tiger list",
    model=DragonTiger,
    parts=Parts.EVENTS,
    fields=(
        SYMBOL,
        TRADE_DATE,
        *texts("reason", "name", "comment"),
        *numbers("close", "pct_change", "turnover_rate", "amount", "l_buy", "l_sell", "l_amount", "net_amount"),
        *numbers("net_rate", "amount_rate", "float_values"),
    ),
    key=("symbol", "trade_date", "reason"),
    job_type="MARKET_LISTS",
    row_cap=5000,
    shapes=(ByDay(), Range(rows_per_day=80)),
    plausible=Plausible(least_share=0.1, rate=0.002),
    ready_at=time(18),
    trailing_days=1,
    depends_on=("trade_cal",),
    impossible=impossible_listing,
    provider="akshare",
)

SECTOR_FUND_FLOW = Dataset(
    name="sector_fund_flow",
    title="Fund flow of sectors",
    model=SectorFundFlow,
    parts=Parts.EVENTS,
    fields=(TRADE_DATE, *texts("kind", "name", "leading_stock"), *numbers("pct_chg"), *_FLOWS),
    key=("trade_date", "kind", "name"),
    job_type="MARKET_LISTS",
    row_cap=_A_PAGE,
    shapes=(ByDay(),),
    plausible=Plausible(least_share=0.5, rate=0.01),
    ready_at=time(15, 30),
    depends_on=("trade_cal",),
    provider="akshare",
    history_days=1,
)

INDIVIDUAL_FUND_FLOW = Dataset(
    name="individual_fund_flow",
    title="Fund flow of stocks",
    model=IndividualFundFlow,
    parts=Parts.CELLS,
    fields=(SYMBOL, TRADE_DATE, *numbers("close", "pct_chg"), *_FLOWS),
    key=("symbol", "trade_date"),
    job_type="MARKET_LISTS",
    shapes=(BySymbol(),),
    ready_at=time(15, 30),
    depends_on=("trade_cal", "stock_basic", "suspend_d"),
    provider="akshare",
    history_days=140,
)
