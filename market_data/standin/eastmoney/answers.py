"""The JSON that Eastmoney's pages hold, column for column as it sends them."""

import re
from collections.abc import Callable
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from market_data.standin.eastmoney.faults import NO_ROWS
from market_data.standin.eastmoney.market import (
    CONCEPTS,
    FLOW_DAYS,
    INDUSTRIES,
    REGIONS,
    EastmoneyMarket,
    Row,
    board_codes,
    part,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
Query = dict[str, str]
Payload = dict[str, Any]
ENVELOPE: Payload = {"rc": 0, "rt": 17, "svr": 1, "lt": 1, "full": 0, "dlmkts": ""}
UNKNOWN: Payload = {**ENVELOPE, "rc": 100, "data": None}
SECTORS = {"2": ("industry", INDUSTRIES), "3": ("concept", CONCEPTS), "1": ("region", REGIONS)}
REASONS = ("日涨幅偏离值达到7%的前5只证券", "日换手率达到20%的前5只证券")


def bars(market: EastmoneyMarket, query: Query) -> Payload:
    """Bars as texts, volume in whole lots, amount in yuan."""
    symbol = market.symbol(query["secid"])
    if not symbol:
        return UNKNOWN
    rows = market.bars(query["secid"], query["beg"], query["end"])
    return {**ENVELOPE, "data": {**_heading(market, symbol), "klines": [_bar(row) for row in rows]}}


def _heading(market: EastmoneyMarket, symbol: str) -> Payload:
    place = int(symbol.endswith(".SH"))
    return {"code": symbol[:6], "market": place, "name": market.name(symbol), "decimal": 2, "dktotal": 4000}


def _bar(row: Row) -> str:
    swing = 100 * (row["high"] - row["low"]) / row["pre_close"]
    prices = [f"{row[name]:.2f}" for name in ("open", "close", "high", "low")]
    turnover = [f"{row['vol']:.0f}", f"{1000 * row['amount']:.2f}"]
    changes = [f"{value:.2f}" for value in (swing, row["pct_chg"], row["close"] - row["pre_close"], 1.03)]
    return ",".join([_dashed(row["trade_date"]), *prices, *turnover, *changes])


def flows(market: EastmoneyMarket, query: Query) -> Payload:
    """The net inflows of a symbol on its latest days: main, small, medium, large, super large; yuan, then percent."""
    symbol = market.symbol(query["secid"])
    if not symbol:
        return UNKNOWN
    rows = market.bars(query["secid"], "0", "99999999")[-FLOW_DAYS:]
    return {**ENVELOPE, "data": {**_heading(market, symbol), "klines": [_flow(row) for row in rows]}}


def _flow(row: Row) -> str:
    rates = _flow_rates(f"{row['ts_code']}{row['trade_date']}")
    amounts = [f"{1000 * row['amount'] * rate / 100:.1f}" for rate in rates]
    shown = [f"{rate:.2f}" for rate in rates]
    return ",".join(
        [_dashed(row["trade_date"]), *amounts, *shown, f"{row['close']:.2f}", f"{row['pct_chg']:.2f}", "0.00", "0.00"]
    )


def _flow_rates(seed: str) -> list[float]:
    """Main, small, medium, large, super large: main is the sum of the last two, and all orders cancel out."""
    large, biggest, medium = (20 * part(f"{seed}{n}") - 10 for n in range(3))
    return [large + biggest, -(large + biggest + medium), medium, large, biggest]


def limit_ups(market: EastmoneyMarket, query: Query) -> Payload:
    """The pool of a day: the greatest gains of the market stand for limit-ups."""
    rows = market.day(query["date"]) if market.is_recent(query["date"]) else []
    if not rows:
        return {**ENVELOPE, "data": None}
    pool = [_limit_up(market, row) for row in rows[: max(1, len(rows) // 20)]]
    return {**ENVELOPE, "data": {"tc": len(pool), "qdate": int(query["date"]), "pool": pool}}


def _limit_up(market: EastmoneyMarket, row: Row) -> Row:
    symbol, amount = row["ts_code"], 1000 * row["amount"]
    times = 1 + int(3 * part(f"{symbol}{row['trade_date']}"))
    return {
        "c": symbol[:6],
        "m": int(symbol.endswith(".SH")),
        "n": market.name(symbol),
        "p": round(1000 * row["close"]),
        "zdp": row["pct_chg"],
        "amount": round(amount),
        "ltsz": round(80 * amount, 2),
        "tshare": round(100 * amount, 2),
        "hs": 1.25,
        "lbc": times,
        "fbt": 92500,
        "lbt": 145643,
        "fund": round(amount / 7),
        "zbc": times - 1,
        "hybk": INDUSTRIES[len(symbol) % len(INDUSTRIES)],
        "zttj": {"days": times, "ct": times},
    }


def billboard(market: EastmoneyMarket, query: Query) -> Payload:
    """The dragon-tiger list of some days: the two greatest gains, the first of them for two reasons."""
    end, start = re.findall(r"\d{4}-\d\d-\d\d", query["filter"])
    days = [day for day in market.sessions if start <= f"{day}" <= end]
    listed = [_listed(market, row, reason) for day in days for row, reason in _conspicuous(market, f"{day:%Y%m%d}")]
    size, page = int(query["pageSize"]), int(query["pageNumber"])
    if not listed:
        return NO_ROWS
    result = {"pages": -(-len(listed) // size), "data": listed[(page - 1) * size : page * size], "count": len(listed)}
    return {"version": "x", "result": result, "success": True, "message": "ok", "code": 0}


def _conspicuous(market: EastmoneyMarket, day: str) -> list[tuple[Row, str]]:
    first = market.day(day)[:2]
    return [(row, REASONS[0]) for row in first] + [(row, REASONS[1]) for row in first[:1]]


def _listed(market: EastmoneyMarket, row: Row, reason: str) -> Row:
    amount = 1000 * row["amount"]
    buy, sell = round(amount * part(row["ts_code"]) / 4, 2), round(amount * part(row["trade_date"]) / 4, 2)
    return {
        "SECURITY_CODE": row["ts_code"][:6],
        "SECUCODE": row["ts_code"],
        "SECURITY_NAME_ABBR": market.name(row["ts_code"]),
        "TRADE_DATE": f"{_dashed(row['trade_date'])} 00:00:00",
        "EXPLAIN": "2家机构买入，成功率42.58%",
        "CLOSE_PRICE": row["close"],
        "CHANGE_RATE": row["pct_chg"],
        "BILLBOARD_NET_AMT": round(buy - sell, 2),
        "BILLBOARD_BUY_AMT": buy,
        "BILLBOARD_SELL_AMT": sell,
        "BILLBOARD_DEAL_AMT": round(buy + sell, 2),
        "ACCUM_AMOUNT": round(amount),
        "DEAL_NET_RATIO": round(100 * (buy - sell) / amount, 6),
        "DEAL_AMOUNT_RATIO": round(100 * (buy + sell) / amount, 6),
        "TURNOVERRATE": 35.0013,
        "FREE_MARKET_CAP": round(80 * amount, 2),
        "EXPLANATION": reason,
        "D1_CLOSE_ADJCHRATE": None,
        "D2_CLOSE_ADJCHRATE": None,
        "D5_CLOSE_ADJCHRATE": None,
        "D10_CLOSE_ADJCHRATE": None,
        "SECURITY_TYPE_CODE": "058001001",
    }


def lists(market: EastmoneyMarket, query: Query) -> Payload:
    """A page of the sectors with their flows, of the concept boards, or of a board's members."""
    rows = _members(market, query) if query["fs"].startswith("b:") else _boards(market, query)
    if not rows:
        return {**ENVELOPE, "data": None}
    size, page = int(query["pz"]), int(query["pn"])
    return {**ENVELOPE, "data": {"total": len(rows), "diff": rows[(page - 1) * size : page * size]}}


def _boards(market: EastmoneyMarket, query: Query) -> list[Row]:
    kind, names = SECTORS[query["fs"].split("t:")[1][:1]]
    describe = _flow_of_sector if "f184" in query["fields"] else _concept
    return [describe(market, code, name) for code, name in zip(board_codes(kind, names), names, strict=True)]


def _flow_of_sector(market: EastmoneyMarket, code: str, name: str) -> Row:
    main, small, medium, large, biggest = _flow_rates(f"{code}{market.today}")
    cells = {"f2": 3506.87, "f3": round(main / 5, 2), "f12": code, "f14": name, "f62": round(1e8 * main, 1)}
    for key, rate in ((66, biggest), (72, large), (78, medium), (84, small)):
        cells |= {f"f{key}": round(1e8 * rate, 1), f"f{key + 3}": round(rate, 2)}
    closed = datetime.combine(market.today, time(15, 39, 42), SHANGHAI)
    cells |= {"f124": int(closed.timestamp()), "f184": round(main, 2)}
    return {**cells, "f204": "模拟", "f205": "600000", "f206": 1}


def _concept(market: EastmoneyMarket, code: str, name: str) -> Row:
    known = {"f2": 1987.6, "f3": 1.54, "f4": 30.1, "f8": 2.3, "f12": code, "f14": name, "f20": 1.5e12, "f104": 12}
    keys = "f2 f3 f4 f8 f11 f12 f14 f15 f16 f17 f18 f20 f21 f22 f24 f25 f33 f62 f104 f105 f107 f124 f128 f140 f141 f136"
    return {key: known.get(key, 1) for key in keys.split()}


def _members(market: EastmoneyMarket, query: Query) -> list[Row]:
    symbols = market.members.get(query["fs"].split()[0].removeprefix("b:"), [])
    keys = (
        "f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12 f13 f14 f15 f16 f17 f18 f20 f21 f22 f23 f24 f25 f45 f62 f115"
        " f128 f140 f141 f136 f152"
    )
    return [{key: {"f12": s[:6], "f14": market.name(s)}.get(key, 1) for key in keys.split()} for s in symbols]


def _dashed(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


PAGES: dict[str, Callable[[EastmoneyMarket, Query], Payload]] = {
    "/api/qt/stock/kline/get": bars,
    "/api/qt/stock/fflow/daykline/get": flows,
    "/getTopicZTPool": limit_ups,
    "/api/data/v1/get": billboard,
    "/api/qt/clist/get": lists,
}
