"""Tushare's wire protocol over HTTP, answered from a market of our own."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from market_data.standin import replies
from market_data.standin.market.tables import Market
from market_data.standin.replies import Reply
from market_data.standin.serving import BackgroundServer, ReplyHandler
from market_data.standin.tushare.desk import Desk
from market_data.standin.tushare.rules import Rules


class Standin(BackgroundServer):
    """Tushare's server. `rules` may be replaced at any time."""

    def __init__(
        self,
        market: Market,
        rules: Rules | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        log: Path | None = None,
    ) -> None:
        self._desk = Desk(market, rules or Rules(), log)
        super().__init__(self._desk, _Handler, host, port)

    @property
    def market(self) -> Market:
        return self._desk.market

    @property
    def rules(self) -> Rules:
        return self._desk.rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._desk.rules = rules


class _Handler(ReplyHandler):
    @property
    def desk(self) -> Desk:
        return cast(Desk, self.server.desk)

    def do_POST(self) -> None:  # noqa: N802 - the base class's name
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            value = json.loads(body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            self.send(replies.plain(400, {"error": "the body must be a JSON object"}))
        elif self.path == "/standin/rules":
            self.send(self._change_rules(value))
        elif self.path.rstrip("/") in ("", "/dataapi") or self.path.startswith("/dataapi/"):
            self.send(self.desk.reply(value))
        else:
            self.send(replies.plain(404, {"error": "nothing here"}))

    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        desk = self.desk
        if self.path == "/standin/rules":
            self.send(replies.plain(200, asdict(desk.rules)))
        elif self.path == "/standin/calls":
            self.send(replies.plain(200, [asdict(call) for call in list(desk.log.calls)]))
        else:
            self.send(replies.plain(404, {"error": "nothing here"}))

    def _change_rules(self, wanted: dict[str, Any]) -> Reply:
        try:
            self.desk.rules = self.desk.rules.changed(wanted)
        except ValueError as error:
            return replies.plain(400, {"error": str(error)})
        return replies.plain(200, asdict(self.desk.rules))
