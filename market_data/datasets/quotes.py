"""What the market leaves behind for each stock on each trading day."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from market_data.datasets.base import SYMBOL, TRADE_DATE, Columns, Dataset, Field, Parts, numbers
from market_data.datasets.shapes import ByDay, BySymbol, Elsewhere
from market_data.frames import np
from market_data.models import AdjFactor, DailyBar, DailyBasic

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANY_SYMBOLS = 1000
MARKET = ("trade_cal", "stock_basic", "suspend_d")


def impossible_bar(columns: Columns) -> NDArray[np.bool_]:
    """Prices of nothing or less, a low above the high, an open or close outside of both, negative turnover."""
    low, high = columns["low"], columns["high"]
    wrong = (low > high) | (columns["volume"] < 0) | (columns["amount"] < 0)
    for name in ("open", "high", "low", "close", "pre_close"):
        wrong |= columns[name] <= 0
    for name in ("open", "close"):
        wrong |= (columns[name] > high) | (columns[name] < low)
    return wrong


def impossible_factor(columns: Columns) -> NDArray[np.bool_]:
    return ~(columns["adj_factor"] > 0)


DAILY = Dataset(
    name="daily",
    title="Daily bars",
    model=DailyBar,
    parts=Parts.CELLS,
    fields=(
        SYMBOL,
        TRADE_DATE,
        *numbers("open", "high", "low", "close", "pre_close", "change", "pct_chg", needed=("close",)),
        Field("volume", "vol", scale=100),
        Field("amount", "amount", scale=1000),
    ),
    key=("symbol", "trade_date"),
    job_type="DAILY_HISTORY",
    shapes=(ByDay(), BySymbol(lists=MANY_SYMBOLS)),
    ready_at=time(17),
    trailing_days=1,
    depends_on=MARKET,
    impossible=impossible_bar,
    elsewhere={"akshare": Elsewhere((BySymbol(),))},
    added_columns=("provider",),
)

ADJ_FACTOR = Dataset(
    name="adj_factor",
    title="Adjustment factors",
    model=AdjFactor,
    parts=Parts.CELLS,
    fields=(SYMBOL, TRADE_DATE, Field("adj_factor", "adj_factor", never_null=True)),
    key=("symbol", "trade_date"),
    job_type="DAILY_HISTORY",
    shapes=(ByDay(), BySymbol()),
    ready_at=time(9, 30),
    trailing_days=3,
    depends_on=MARKET,
    impossible=impossible_factor,
)

DAILY_BASIC = Dataset(
    name="daily_basic",
    title="Daily valuation",
    model=DailyBasic,
    parts=Parts.CELLS,
    fields=(
        SYMBOL,
        TRADE_DATE,
        *numbers("close", "turnover_rate", "turnover_rate_f", "volume_ratio", "pe", "pe_ttm", needed=("close",)),
        *numbers("pb", "ps", "ps_ttm", "dv_ratio", "dv_ttm"),
        *(Field(name, name, scale=10_000) for name in ("total_share", "float_share", "free_share")),
        *(Field(name, name, scale=10_000) for name in ("total_mv", "circ_mv")),
    ),
    key=("symbol", "trade_date"),
    job_type="DAILY_HISTORY",
    shapes=(ByDay(), BySymbol()),
    ready_at=time(17),
    trailing_days=1,
    depends_on=MARKET,
)
