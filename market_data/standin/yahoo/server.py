"""Yahoo's chart interface over HTTP, and what the yfinance package asks for around it."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import cast
from urllib.parse import parse_qs, unquote, urlsplit

from market_data.standin.call_log import Call, CallLog
from market_data.standin.replies import Reply, page, plain
from market_data.standin.serving import BackgroundServer, ReplyHandler
from market_data.standin.yahoo.charts import Bar, Chart, ChartMarket
from market_data.standin.yahoo.faults import SPOILED, spoiled_reply
from market_data.standin.yahoo.replies import chart_reply, no_days, not_found

CHART_PATH = "/v8/finance/chart/"
CRUMB = "made.up.crumb"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a symbol's charts: so many times from now on, or for ever (None)."""

    name: str
    times: int | None = None


class YahooStandin(BackgroundServer):
    """Yahoo's server, and the desk behind it.

    `faults` by symbol may be changed at any time; "*" stands for every symbol. `hang` and `latency` in seconds.
    """

    def __init__(
        self,
        charts: Mapping[str, Chart],
        *,
        made_up: bool = False,
        latency: float = 0.0,
        hang: float = 60.0,
        host: str = "127.0.0.1",
        port: int = 0,
        log: Path | None = None,
    ) -> None:
        self.market = ChartMarket(dict(charts), made_up)
        self.faults: dict[str, Fault] = {}
        self.latency, self.hang = latency, hang
        self.log, self.stopping = CallLog(log), Event()
        self._failed: Counter[str] = Counter()
        super().__init__(self, _Handler, host, port)

    @property
    def charts(self) -> dict[str, Chart]:
        return self.market.charts

    def asked(self, symbol: str) -> list[Call]:
        """The calls for a symbol's bars between two days."""
        return [call for call in self.calls if call.api == f"{CHART_PATH}{symbol}" and "period1" in call.params]

    def reply(self, path: str, query: dict[str, str]) -> Reply:
        at = time.time()
        fault = self._fault(unquote(path.removeprefix(CHART_PATH))) if path.startswith(CHART_PATH) else ""
        self.log.add(Call(at, unquote(path), query, None, fault or "ok"))
        self.stopping.wait(self.latency + (self.hang if fault == "hang" else 0))
        if path == "/v1/test/getcrumb":
            return Reply(200, CRUMB.encode(), "text/plain")
        if not path.startswith(CHART_PATH):
            return page(404)
        return self._chart(unquote(path.removeprefix(CHART_PATH)), query, fault)

    def _fault(self, symbol: str) -> str:
        fault = self.faults.get(symbol) or self.faults.get("*")
        if fault is None or (fault.times is not None and self._failed[symbol] >= fault.times):
            return ""
        self._failed[symbol] += 1
        return fault.name

    def _chart(self, symbol: str, query: dict[str, str], fault: str) -> Reply:
        spoiled = spoiled_reply(fault)
        if spoiled:
            return spoiled
        chart = self.charts.get(symbol)
        if chart is None:
            return not_found()
        bars = self._within(chart, query)
        if bars is None:
            return no_days(query)
        body = chart_reply(chart, bars)
        return plain(200, SPOILED[fault](body) if fault in SPOILED else body)

    def _within(self, chart: Chart, query: dict[str, str]) -> list[Bar] | None:
        """The bars between period1 and period2; the last one where a range is asked; None before the first one."""
        if "period1" not in query:
            return list(chart.bars[-1:])
        start, end = int(query["period1"]), int(query["period2"])
        moments = [(chart.exchange.moment(bar.day, chart.exchange.opens), bar) for bar in chart.bars]
        if not moments or end < moments[0][0]:
            return None
        return [bar for moment, bar in moments if start <= moment < end]


class _Handler(ReplyHandler):
    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.send(cast(YahooStandin, self.server.desk).reply(address.path, query))

    def do_POST(self) -> None:  # noqa: N802 - the base class's name
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send(page(404))
