"""The lists that everything else is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

from market_data.datasets.base import SYMBOL, TRADE_DATE, Dataset, Field, Parts, Plausible, texts
from market_data.datasets.listings import span_of_changed_listings, span_of_rows
from market_data.datasets.shapes import ByDay, Calls, Elsewhere, Range, WholeRequest
from market_data.frames import pa
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
    return [_calendar_request(a, b, today) for a, b in reversed(spans)]


def calendar_at_once(today: date) -> Sequence[WholeRequest]:
    """All years in one call, for a source that sends its whole calendar whatever it is asked."""
    return [_calendar_request(FIRST_TRADING_DAY, date(today.year + 1, 12, 31), today)]


def _calendar_request(start: date, end: date, today: date) -> WholeRequest:
    """Where a calendar begins and how far ahead it goes, only the source knows; the present year is always in it."""
    params = {"exchange": EXCHANGE, "start_date": f"{start:%Y%m%d}", "end_date": f"{end:%Y%m%d}"}
    return WholeRequest(f"{start}", params, start, end, least=int(start <= today <= end))


def library_calendar() -> pa.Table:
    """The days that are not known yet, as `exchange_calendars` has them, for accounts that may not ask for them."""
    import exchange_calendars  # a second of import, for few accounts

    calendar = exchange_calendars.get_calendar(_CALENDAR, start=FIRST_TRADING_DAY.isoformat())
    sessions = {session.date() for session in calendar.sessions}
    known = TradingDay.objects.filter(exchange=EXCHANGE).order_by("-trade_date").first()
    day = known.trade_date + timedelta(days=1) if known else min(sessions)
    before = max((s for s in sessions if s < day), default=None)
    days, previous, last = [], [], max(sessions)
    while day <= last:
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
    """Listed, delisted and paused stocks: one call answers for one status. There are always some that are listed."""
    return [_listing_request({"list_status": status}) for status in ("L", "D", "P")]


def listings_by_exchange(params: dict[str, Any]) -> Sequence[WholeRequest]:
    if "exchange" in params:
        return []
    return [_listing_request({**params, "exchange": name}) for name in ("SSE", "SZSE", "BSE")]


def _listing_request(params: dict[str, Any]) -> WholeRequest:
    least = 1 if params == {"list_status": "L"} else 0
    return WholeRequest(" ".join(params.values()), params, least=least, like=params)


TRADE_CAL = Dataset(
    name="trade_cal",
    title="Trading calendar",
    model=TradingDay,
    parts=Parts.WHOLE,
    fields=(
        Field("exchange", "exchange", "text"),
        Field("trade_date", "cal_date", "date"),
        Field("is_open", "is_open", "flag", never_null=True),
        Field("pretrade_date", "pretrade_date", "date"),
    ),
    key=("exchange", "trade_date"),
    job_type="TRADE_CALENDAR",
    fresh_hours=7 * 24,
    horizon_days=45,
    expectation_span=span_of_rows,
    shapes=(Calls(calendar_requests),),
    plausible=Plausible(least_share=0),
    fallback=library_calendar,
    elsewhere={"akshare": Elsewhere((Calls(calendar_at_once),))},
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
        Field("list_status", "list_status", "text", is_required=True),
        Field("list_date", "list_date", "date", is_required=True),
        Field("delist_date", "delist_date", "date", is_required=True),
        *texts("is_hs"),
    ),
    key=("symbol",),
    job_type="STOCK_LIST",
    fresh_hours=12,
    expectation_span=span_of_changed_listings,
    shapes=(Calls(listing_requests, listings_by_exchange),),
    plausible=Plausible(least_share=0.9),
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
    shapes=(ByDay(), Range(rows_per_day=20)),
    row_cap=5000,
    ready_at=time(17),
    trailing_days=3,
    depends_on=("trade_cal",),
    plausible=Plausible(least_share=0.1, rate=0.0005),
    expectation_span=span_of_rows,
)
