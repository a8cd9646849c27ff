"""The lists that everything else is measured against."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

import pyarrow as pa

from market_data.datasets.base import SYMBOL, TRADE_DATE, Dataset, Field, Parts, Road, WholeRequest, texts
from market_data.datasets.listings import span_of_changed_listings, span_of_rows
from market_data.models import Security, Suspension, TradingDay

EXCHANGE = "SSE"
FIRST_TRADING_DAY = date(1990, 12, 19)
_CALENDAR_YEARS_A_CALL = 5
_CALENDAR = "XSHG"


def calendar_requests(today: date) -> Sequence[WholeRequest]:
    """All years at first; once they are there, this year and the next, and the days that are missing between."""
    known = TradingDay.objects.filter(exchange=EXCHANGE).order_by("trade_date").values_list("trade_date", flat=True)
    last = date(today.year + 1, 12, 31)
    if not known:
        years = range(FIRST_TRADING_DAY.year, last.year + 1, _CALENDAR_YEARS_A_CALL)
        spans = [(date(year, 1, 1), min(date(year + _CALENDAR_YEARS_A_CALL - 1, 12, 31), last)) for year in years]
    else:
        days = list(known)
        holes = [(a, b) for a, b in pairwise(days) if (b - a).days > 1]
        spans = [*holes, (min(date(today.year, 1, 1), days[-1]), last)]
    return [
        WholeRequest({"exchange": EXCHANGE, "start_date": f"{a:%Y%m%d}", "end_date": f"{b:%Y%m%d}"}, a, b)
        for a, b in reversed(spans)
    ]


def calendar_at_once(today: date) -> Sequence[WholeRequest]:
    """All years in one call, for a source that sends its whole calendar whatever it is asked."""
    first, last = FIRST_TRADING_DAY, date(today.year + 1, 12, 31)
    params = {"exchange": EXCHANGE, "start_date": f"{first:%Y%m%d}", "end_date": f"{last:%Y%m%d}"}
    return [WholeRequest(params, first, last)]


def library_calendar() -> pa.Table:
    """The days that are not known yet, as `exchange_calendars` has them, for accounts that may not ask for them."""
    import exchange_calendars  # a second of import, for few accounts

    calendar = exchange_calendars.get_calendar(_CALENDAR, start=FIRST_TRADING_DAY.isoformat())
    sessions = {session.date() for session in calendar.sessions}
    known = TradingDay.objects.filter(exchange=EXCHANGE).order_by("-trade_date").first()
    day = known.trade_date + timedelta(days=1) if known else min(sessions)
    before = max((s for s in sessions if s < day), default=None)
    days, previous = [], []
    while day <= max(sessions):
        days.append(day)
        previous.append(before)
        before = day if day in sessions else before
        day += timedelta(days=1)
    return pa.table(
        {
            "exchange": pa.array([EXCHANGE] * len(days), pa.string()),
            "trade_date": pa.array(days, pa.date32()),
            "is_open": pa.array([day in sessions for day in days], pa.bool_()),
            "pretrade_date": pa.array(previous, pa.date32()),
        }
    )


def listing_requests(today: date) -> Sequence[WholeRequest]:
    """Listed, delisted and paused stocks: one call answers for one status."""
    return [WholeRequest({"list_status": status}) for status in ("L", "D", "P")]


def listings_by_exchange(params: dict[str, Any]) -> list[dict[str, Any]]:
    return [] if "exchange" in params else [{**params, "exchange": name} for name in ("SSE", "SZSE", "BSE")]


TRADE_CAL = Dataset(
    name="trade_cal",
    title="Trading calendar",
    model=TradingDay,
    parts=Parts.WHOLE,
    fields=(
        Field("exchange", "exchange", "text"),
        Field("trade_date", "cal_date", "date"),
        Field("is_open", "is_open", "flag"),
        Field("pretrade_date", "pretrade_date", "date"),
    ),
    key=("exchange", "trade_date"),
    job_type="TRADE_CALENDAR",
    fresh_hours=7 * 24,
    expectation_span=span_of_rows,
    whole_requests=calendar_requests,
    fallback=library_calendar,
    roads={"akshare": Road(whole_requests=calendar_at_once)},
)

STOCK_BASIC = Dataset(
    name="stock_basic",
    title="Stock list",
    model=Security,
    parts=Parts.WHOLE,
    fields=(
        SYMBOL,
        Field("code", "symbol", "text"),
        *texts("name", "area", "industry", "fullname", "enname", "cnspell", "market", "exchange", "curr_type"),
        *texts("list_status"),
        Field("list_date", "list_date", "date"),
        Field("delist_date", "delist_date", "date"),
        *texts("is_hs"),
    ),
    key=("symbol",),
    job_type="STOCK_LIST",
    fresh_hours=12,
    expectation_span=span_of_changed_listings,
    whole_requests=listing_requests,
    narrower=listings_by_exchange,
    constants={"inferred": False},
)

SUSPEND_D = Dataset(
    name="suspend_d",
    title="Suspensions",
    model=Suspension,
    parts=Parts.EVENTS,
    fields=(SYMBOL, TRADE_DATE, *texts("suspend_timing", "suspend_type")),
    key=("symbol", "trade_date", "suspend_type", "suspend_timing"),
    job_type="DAILY_HISTORY",
    row_cap=5000,
    by_date=True,
    ready_at=time(17),
    trailing_days=3,
    depends_on=("trade_cal",),
    rows_per_day=20,
    expectation_span=span_of_rows,
)
