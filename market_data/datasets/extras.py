"""What is synced by name only: money flow, price limits, former names, moved codes, index bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from market_data.datasets.base import (
    STOCK,
    SYMBOL,
    TRADE_DATE,
    Columns,
    Dataset,
    Field,
    OtherFields,
    Parts,
    Plausible,
    numbers,
    texts,
)
from market_data.datasets.quotes import MARKET
from market_data.datasets.reference import FIRST_TRADING_DAY
from market_data.datasets.shapes import ByDay, BySymbol, Calls, WholeRequest
from market_data.frames import np
from market_data.models import IndexBar, MoneyFlow, MovedCode, NameChange, PriceLimit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIZES = ("sm", "md", "lg", "elg")
_FLOWS = (*(f"{side}_{size}" for size in _SIZES for side in ("buy", "sell")), "net_mf")


def impossible_flow(columns: Columns) -> NDArray[np.bool_]:
    """Less than nothing bought or sold."""
    traded = [f"{flow}_{what}" for flow in _FLOWS if flow != "net_mf" for what in ("vol", "amount")]
    wrong: NDArray[np.bool_] = np.any([columns[name] < 0 for name in traded], axis=0)
    return wrong


def impossible_limit(columns: Columns) -> NDArray[np.bool_]:
    return columns["down_limit"] > columns["up_limit"]


def impossible_level(columns: Columns) -> NDArray[np.bool_]:
    return (columns["low"] > columns["high"]) | (columns["close"] <= 0)


def whole_list(today: date) -> Sequence[WholeRequest]:
    """Everything in one call, or in its pages: names that were never announced are in no range of dates."""
    return [WholeRequest("all", {}, least=1)]


def moved_codes(today: date) -> Sequence[WholeRequest]:
    return [WholeRequest("all", {}, like={})]


def index_requests(today: date) -> Sequence[WholeRequest]:
    """The whole history of each configured index, in two calls: no hole lasts, and what was restated comes too."""
    return [
        _bars_of_index(symbol, start, end)
        for start, end in reversed(_spans(today))
        for symbol in settings.INDEX_DAILY_SYMBOLS
    ]


def _bars_of_index(symbol: str, start: date, end: date) -> WholeRequest:
    params = {"ts_code": symbol, "start_date": f"{start:%Y%m%d}", "end_date": f"{end:%Y%m%d}"}
    like = {"symbol": symbol, "trade_date__gte": f"{start}", "trade_date__lte": f"{end}"}
    return WholeRequest(f"{symbol} {start}", params, start, end, like=like)


def _spans(today: date) -> list[tuple[date, date]]:
    """From the first trading day to this one, each shorter than an answer may be."""
    middle = date(2015, 12, 31)
    return [(FIRST_TRADING_DAY, middle), (middle + timedelta(days=1), today)]


MONEYFLOW = Dataset(
    name="moneyflow",
    title="Money flow",
    model=MoneyFlow,
    parts=Parts.CELLS,
    fields=(
        SYMBOL,
        TRADE_DATE,
        *(
            Field(f"{flow}_{what}", f"{flow}_{what}", scale=scale)
            for flow in _FLOWS
            for what, scale in (("vol", 100), ("amount", 10_000))
        ),
    ),
    key=("symbol", "trade_date"),
    job_type="DAILY_HISTORY",
    shapes=(ByDay(), BySymbol()),
    ready_at=time(19),
    trailing_days=1,
    depends_on=MARKET,
    impossible=impossible_flow,
    plausible=Plausible(first_day=date(2010, 1, 1)),
)

# A day of the whole market is longer than an answer may be, for funds are in it (7,530 rows of at most 5,800 in
# September 2026): only a stock at a time can be asked for in full.
STK_LIMIT = Dataset(
    name="stk_limit",
    title="Price limits",
    model=PriceLimit,
    parts=Parts.CELLS,
    fields=(SYMBOL, TRADE_DATE, *numbers("pre_close", "up_limit", "down_limit", needed=("up_limit",))),
    key=("symbol", "trade_date"),
    job_type="DAILY_HISTORY",
    row_cap=5800,
    shapes=(BySymbol(),),
    ready_at=time(9, 15),
    depends_on=MARKET,
    impossible=impossible_limit,
)

NAMECHANGE = Dataset(
    name="namechange",
    title="Former names",
    model=NameChange,
    parts=Parts.WHOLE,
    fields=(
        SYMBOL,
        *texts("name"),
        *(Field(name, name, "date") for name in ("start_date", "end_date", "ann_date")),
        *texts("change_reason"),
    ),
    other_fields=OtherFields(()),
    key=("symbol", "start_date", "content"),
    job_type="NAME_CHANGES",
    row_cap=10_000,
    fresh_hours=24,
    shapes=(Calls(whole_list, page_rows=10_000),),
    added_columns=("first_seen_at",),
)

BSE_MAPPING = Dataset(
    name="bse_mapping",
    title="Moved codes of Beijing",
    model=MovedCode,
    parts=Parts.WHOLE,
    fields=(
        Field("old_symbol", "o_code", "text", pattern=STOCK),
        Field("new_symbol", "n_code", "text", pattern=STOCK),
        *texts("name"),
        Field("list_date", "list_date", "date"),
    ),
    key=("old_symbol",),
    job_type="MOVED_CODES",
    row_cap=1000,
    fresh_hours=7 * 24,
    shapes=(Calls(moved_codes),),
)

INDEX_DAILY = Dataset(
    name="index_daily",
    title="Index bars",
    model=IndexBar,
    parts=Parts.WHOLE,
    fields=(
        SYMBOL,
        TRADE_DATE,
        *numbers("open", "high", "low", "close", "pre_close", "change", "pct_chg"),
        Field("volume", "vol", scale=100),
        Field("amount", "amount", scale=1000),
    ),
    key=("symbol", "trade_date"),
    job_type="INDEX_HISTORY",
    row_cap=8000,
    fresh_hours=12,
    shapes=(Calls(index_requests),),
    impossible=impossible_level,
)
