"""Tushare's wire protocol over HTTP, answered from a market of our own."""

import json
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from market_data.standin import replies
from market_data.standin.call_log import Call
from market_data.standin.desk import Desk
from market_data.standin.listening import Answering, Listener, Running
from market_data.standin.replies import Reply
from market_data.standin.rules import Rules
from market_data.standin.tables import Market


class Standin(Running):
    """A server in a thread of its own for the length of a `with`. `rules` may be replaced at any time."""

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
        super().__init__(Listener((host, port), _Handler, self._desk), self._desk.log, self._desk.stopping)

    @property
    def calls(self) -> list[Call]:
        return self._desk.log.calls

    @property
    def rules(self) -> Rules:
        return self._desk.rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._desk.rules = rules


class _Handler(Answering, BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            value = json.loads(body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            self._send(replies.plain(400, {"error": "the body must be a JSON object"}))
        elif self.path == "/standin/rules":
            self._send(self._change_rules(value))
        elif self.path.rstrip("/") in ("", "/dataapi") or self.path.startswith("/dataapi/"):
            self._send(self._desk.reply(value))
        else:
            self._send(replies.plain(404, {"error": "nothing here"}))

    def do_GET(self) -> None:
        if self.path == "/standin/rules":
            self._send(replies.plain(200, asdict(self._desk.rules)))
        elif self.path == "/standin/calls":
            self._send(replies.plain(200, [asdict(call) for call in list(self._desk.log.calls)]))
        else:
            self._send(replies.plain(404, {"error": "nothing here"}))

    @property
    def _desk(self) -> Desk:
        desk: Desk = self.server.owner
        return desk

    def _change_rules(self, wanted: dict[str, Any]) -> Reply:
        try:
            self._desk.rules = self._desk.rules.changed(wanted)
        except ValueError as error:
            return replies.plain(400, {"error": str(error)})
        return replies.plain(200, asdict(self._desk.rules))

    def _send(self, reply: Reply) -> None:
        self.send(reply, made_up=self._desk.market.made_up)
