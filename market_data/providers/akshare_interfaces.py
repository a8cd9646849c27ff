"""The interfaces that AkShare answers for, in Tushare's words where it has the same interface.

Each takes the parameters of a call and gives columns of JSON values; days are written YYYYMMDD, symbols 600000.SH.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from market_data.exceptions import BadPayload, BadRequest, Transient
from market_data.providers import akshare_sources as sources
from market_data.providers.akshare_checks import Columns, Reply, in_short, read

SHANGHAI = ZoneInfo("Asia/Shanghai")
SECTORS = {"industry": "行业资金流", "concept": "概念资金流", "region": "地域资金流"}


class Fetch(Protocol):
    """Calls one of AkShare's functions by its name. Raises a ProviderError."""

    def __call__(self, function: str, **arguments: Any) -> Reply: ...


def daily(fetch: Fetch, params: Mapping[str, Any]) -> Columns:
    """Unadjusted bars of one symbol: `vol` in lots, `amount` in thousand yuan.

    On an ex-day Eastmoney counts the change from the close before, not from the ex-right one as Tushare does:
    `pre_close`, `change` and `pct_chg` differ from Tushare's on that day.
    """
    code, _ = _symbol(params)
    start, end = _span(params)
    reply = fetch("stock_zh_a_hist", symbol=code, period="daily", start_date=start, end_date=end, adjust="")
    columns = read(sources.DAILY, reply)
    found = (reply.payloads[-1].get("data") or {}) if reply.payloads else {}
    if columns["close"] and found.get("code") != code:
        raise BadPayload(f"AkShare was asked for {code} and the source sent {found.get('code')}.", in_short(found))
    places = int(found.get("decimal", 2))
    return {
        **columns,
        "ts_code": [params["ts_code"]] * len(columns["close"]),
        "amount": [amount / 1000 for amount in columns["amount"]],
        "pre_close": [round(c - d, places) for c, d in zip(columns["close"], columns["change"], strict=True)],
    }


def trade_cal(fetch: Fetch, params: Mapping[str, Any]) -> Columns:
    """Every calendar day of the span that lies between the first and the last trading day that Sina knows."""
    sessions = [f"{day:%Y%m%d}" for day in fetch("tool_trade_date_hist_sina").frame["trade_date"]]
    start, end = _span(params)
    days = _days(max(start, sessions[0]), min(end, sessions[-1]))
    before = max((session for session in sessions if session < days[0]), default=None) if days else None
    is_open, previous, open_days = [], [], set(sessions)
    for day in days:
        is_open.append(int(day in open_days))
        previous.append(before)
        before = day if day in open_days else before
    exchange = params.get("exchange", "SSE")
    return {"exchange": [exchange] * len(days), "cal_date": days, "is_open": is_open, "pretrade_date": previous}


def limit_up_pool(fetch: Fetch, params: Mapping[str, Any]) -> Columns:
    """Who closed at the limit on a day, ST stocks and the STAR market left out. Two weeks back at most.

    Amounts and values in yuan; `up_stat` is days/limit-ups; first_time and last_time are HHMMSS.
    """
    day = _text(params, "trade_date")
    reply = fetch("stock_zt_pool_em", date=day)
    columns = read(sources.LIMIT_UP_POOL, reply)
    if columns["ts_code"]:
        _check_day("limit-ups", str((reply.payloads[-1].get("data") or {}).get("qdate", "")), day)
    return {**columns, "trade_date": [day] * len(columns["ts_code"])}


def dragon_tiger(fetch: Fetch, params: Mapping[str, Any]) -> Columns:
    """The stocks with conspicuous trading, one row for each reason; amounts and values in yuan, rates in percent."""
    start, end = _span(params)
    return read(sources.DRAGON_TIGER, fetch("stock_lhb_detail_em", start_date=start, end_date=end))


def individual_fund_flow(fetch: Fetch, params: Mapping[str, Any]) -> Columns:
    """Net inflow by size of order for one symbol, of the last hundred days or so; yuan and percent of turnover."""
    code, exchange = _symbol(params)
    start, end = _span(params)
    reply = fetch("stock_individual_fund_flow", stock=code, market=exchange.lower())
    columns = read(sources.INDIVIDUAL_FUND_FLOW, reply)
    columns["ts_code"] = [params["ts_code"]] * len(columns["trade_date"])
    wanted = [start <= day <= end for day in columns["trade_date"]]
    return _only(columns, wanted)


def sector_fund_flow(fetch: Fetch, params: Mapping[str, Any]) -> Columns:
    """Net inflow by size of order for every sector of the three kinds, on the latest trading day only.

    Yuan and percent of turnover. A sector that has no figures yet is left out.
    """
    day = _text(params, "trade_date")
    parts = [_sectors(fetch, kind, day) for kind in SECTORS]
    return {name: [value for part in parts for value in part[name]] for name in parts[0]}


def _sectors(fetch: Fetch, kind: str, day: str) -> Columns:
    reply = fetch("stock_sector_fund_flow_rank", indicator="今日", sector_type=SECTORS[kind])
    columns = read(sources.SECTOR_FUND_FLOW, reply)
    if reply.rows:
        _check_snapshot(reply, day)
    size = len(columns["name"])
    columns |= {"kind": [kind] * size, "trade_date": [day] * size}
    return _only(columns, [amount is not None for amount in columns["main_net_amount"]])


def _check_snapshot(reply: Reply, day: str) -> None:
    """The source does not say of which day its figures are, but when they were written."""
    stamps = [row["f124"] for row in reply.rows if isinstance(row["f124"], int | float)]
    _check_day("fund flows", f"{datetime.fromtimestamp(max(stamps, default=0), SHANGHAI):%Y%m%d}", day)


def _check_day(what: str, shown: str, day: str) -> None:
    """Eastmoney shows the latest day it has, whatever day it is asked for."""
    if shown < day:
        raise Transient(f"The source still shows the {what} of {shown}, not yet those of {day}.")
    if shown > day:
        raise BadPayload(f"The source shows the {what} of {shown}; those of {day} can no longer be had.")


def concept_board(fetch: Fetch, params: Mapping[str, Any]) -> Columns:
    """Eastmoney's concept boards of today: prices in points, `total_mv` in yuan, changes and rates in percent."""
    return read(sources.CONCEPT_BOARD, fetch("stock_board_concept_name_em"))


def concept_board_member(fetch: Fetch, params: Mapping[str, Any]) -> Columns:
    """The members of a board today; `board_code` is one of `concept_board`, such as BK0655."""
    board = _text(params, "board_code")
    if not re.fullmatch(r"BK\d+", board):
        raise BadRequest(f"{board!r} is no code of a concept board; they look like BK0655.")
    columns = read(sources.CONCEPT_BOARD_MEMBER, fetch("stock_board_concept_cons_em", symbol=board))
    return {**columns, "board_code": [board] * len(columns["ts_code"])}


INTERFACES: dict[str, Callable[[Fetch, Mapping[str, Any]], Columns]] = {
    interface.__name__: interface
    for interface in (
        daily,
        trade_cal,
        limit_up_pool,
        dragon_tiger,
        individual_fund_flow,
        sector_fund_flow,
        concept_board,
        concept_board_member,
    )
}


def _text(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name)
    if not value:
        raise BadRequest(f"AkShare needs the parameter {name}.")
    return str(value)


def _symbol(params: Mapping[str, Any]) -> tuple[str, str]:
    """The code and the exchange of the one symbol."""
    symbol = _text(params, "ts_code")
    if not re.fullmatch(r"\d{6}\.(SH|SZ|BJ)", symbol):
        raise BadRequest(f"AkShare answers for one mainland symbol at a time, such as 600000.SH, not {symbol!r}.")
    return symbol[:6], symbol[7:]


def _span(params: Mapping[str, Any]) -> tuple[str, str]:
    if params.get("trade_date"):
        return _text(params, "trade_date"), _text(params, "trade_date")
    return _text(params, "start_date"), _text(params, "end_date")


def _days(start: str, end: str) -> list[str]:
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    return [f"{first + timedelta(days=n):%Y%m%d}" for n in range((last - first).days + 1)]


def _only(columns: Columns, wanted: list[bool]) -> Columns:
    return {name: [v for v, keep in zip(values, wanted, strict=True) if keep] for name, values in columns.items()}
