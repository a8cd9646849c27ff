"""Yahoo's answers about charts, in the shape of recorded ones."""

import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from market_data.standin.replies import Reply, plain
from market_data.standin.yahoo.charts import PRICES, Bar, Chart

Body = dict[str, Any]


def chart_reply(chart: Chart, bars: list[Bar]) -> Body:
    """The days with their prices, and the dividends and splits among them."""
    result: Body = {"meta": _meta(chart)}
    moments = [chart.exchange.moment(bar.day, chart.exchange.opens) for bar in bars]
    events = _events(bars, moments)
    if bars:
        result["timestamp"] = moments
    if events:
        result["events"] = events
    quote = {name: [getattr(bar, name) for bar in bars] for name in (*PRICES, "volume")} if bars else {}
    result["indicators"] = {"quote": [quote], "adjclose": [{"adjclose": [bar.adj_close for bar in bars]}]}
    return {"chart": {"result": [result], "error": None}}


def _events(bars: list[Bar], moments: list[int]) -> Body:
    dividends = {
        str(moment): {"amount": bar.dividend, "date": moment}
        for bar, moment in zip(bars, moments, strict=True)
        if bar.dividend
    }
    splits = {
        str(moment): {"date": moment, "numerator": bar.split, "denominator": 1.0, "splitRatio": f"{bar.split:g}:1"}
        for bar, moment in zip(bars, moments, strict=True)
        if bar.split
    }
    return {name: events for name, events in (("dividends", dividends), ("splits", splits)) if events}


def _meta(chart: Chart) -> Body:
    exchange = chart.exchange
    today = datetime.now(ZoneInfo(exchange.timezone)).date()
    opens, closes = exchange.moment(today, exchange.opens), exchange.moment(today, exchange.closes)
    period = {"timezone": "X", "start": opens, "end": closes, "gmtoffset": 0}
    last = chart.bars[-1]
    return {
        "currency": exchange.currency,
        "symbol": chart.symbol,
        "exchangeName": "X",
        "instrumentType": "EQUITY",
        "firstTradeDate": exchange.moment(chart.bars[0].day, exchange.opens),
        "regularMarketTime": min(int(time.time()), closes),
        "hasPrePostMarketData": False,
        "gmtoffset": 0,
        "timezone": "X",
        "exchangeTimezoneName": exchange.timezone,
        "regularMarketPrice": last.close,
        "priceHint": 2,
        "currentTradingPeriod": dict.fromkeys(("pre", "regular", "post"), period),
        "dataGranularity": "1d",
        "range": "",
        "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
    }


def not_found() -> Reply:
    return _error(404, "Not Found", "No data found, symbol may be delisted")


def no_days(query: dict[str, str]) -> Reply:
    text = f"Data doesn't exist for startDate = {query['period1']}, endDate = {query['period2']}"
    return _error(400, "Bad Request", text)


def _error(status: int, code: str, description: str) -> Reply:
    return plain(status, {"chart": {"result": None, "error": {"code": code, "description": description}}})
