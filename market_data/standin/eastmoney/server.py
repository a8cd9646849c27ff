"""A stand-in for the hosts that AkShare reads, Eastmoney's and Sina's, each a folder of one server."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event
from time import time
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from market_data.standin import replies
from market_data.standin.call_log import Call, CallLog
from market_data.standin.eastmoney.answers import PAGES
from market_data.standin.eastmoney.faults import PAYLOAD_FAULTS, REFUSALS
from market_data.standin.eastmoney.market import EastmoneyMarket
from market_data.standin.eastmoney.sina import calendar_script
from market_data.standin.faults import draw_fault
from market_data.standin.market.tables import Market
from market_data.standin.replies import Reply
from market_data.standin.serving import BackgroundServer, ReplyHandler

CALENDAR = "/realstock/company/klc_td_sh.txt"


@dataclass
class EastmoneyDesk:
    """Answers one page. `faults` are rates from 0 to 1 by name; "hang" keeps quiet for so many seconds.

    `given` are pages by their paths, texts or JSON values, that are sent instead of the market's own.
    """

    market: Market
    given: Mapping[str, Any]
    log: CallLog = field(default_factory=CallLog)
    stopping: Event = field(default_factory=Event)
    faults: Mapping[str, float] = field(default_factory=dict)
    hang: float = 60.0
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.source = EastmoneyMarket(self.market)

    def reply(self, address: str) -> Reply:
        """The page at /host/path?query."""
        parts = urlsplit(address)
        host, _, path = parts.path.lstrip("/").partition("/")
        fault = draw_fault(self.faults, 0, next(self._numbers))
        query = dict(parse_qsl(parts.query))
        self.log.add(Call(time(), f"{host}/{path}", query, None, fault or "ok"))
        if fault == "hang":
            self.stopping.wait(self.hang)
            return replies.closed()
        return REFUSALS[fault]() if fault in REFUSALS else self._page(f"/{path}", query, fault)

    def _page(self, path: str, query: dict[str, str], fault: str) -> Reply:
        page = self._content(path, query)
        if page is None:
            return replies.plain(404, {"error": "nothing here"})
        if isinstance(page, str):
            return Reply(200, page.encode(), "text/plain")
        if fault in PAYLOAD_FAULTS:
            page = PAYLOAD_FAULTS[fault](page)
        reply = replies.plain(200, page)
        return replies.broken(reply) if fault == "broken_json" else reply

    def _content(self, path: str, query: dict[str, str]) -> Any:
        if path in self.given:
            return self.given[path]
        if path == CALENDAR:
            return calendar_script(self.source.sessions)
        return PAGES[path](self.source, query) if path in PAGES else None


class EastmoneyStandin(BackgroundServer):
    """The server. What its `desk` is told holds from the next page on."""

    def __init__(
        self, market: Market, given: Mapping[str, Any] | None = None, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.desk = EastmoneyDesk(market, given or {})
        super().__init__(self.desk, _Handler, host, port)


class _Handler(ReplyHandler):
    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        self.send(cast(EastmoneyDesk, self.server.desk).reply(self.path))
