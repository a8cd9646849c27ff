"""What goes back over the wire."""

import json
from dataclasses import dataclass

from market_data.standin.market.tables import Frame
from market_data.standin.tushare.refusals import Refusal


@dataclass(frozen=True)
class Reply:
    """An HTTP answer. Without a status the connection is closed instead."""

    status: int | None
    body: bytes = b""
    content_type: str = "application/json"


def closed() -> Reply:
    return Reply(None)


def data(frame: Frame, number: int) -> Reply:
    """The rows as Tushare sends them."""
    items = "],[".join(map(",".join, zip(*frame.cells, strict=True)))
    rows = f"[[{items}]]" if frame.size else "[]"
    inner = f'{{"fields":{json.dumps(frame.fields)},"items":{rows},"has_more":{json.dumps(frame.has_more)},"count":-1}}'
    return _envelope(number, 0, "", inner)


def null_data(number: int) -> Reply:
    return _envelope(number, 0, "", "null")


def refused(refusal: Refusal, number: int) -> Reply:
    return _envelope(number, refusal.code, refusal.message, "null")


def broken(reply: Reply) -> Reply:
    """The same answer with its second half lost."""
    return Reply(reply.status, reply.body[: len(reply.body) // 2])


def page(status: int) -> Reply:
    """What a gateway in between shows to people."""
    return Reply(status, b"<html><body><h1>Service temporarily unavailable</h1></body></html>", "text/html")


def plain(status: int, value: object) -> Reply:
    return Reply(status, json.dumps(value, ensure_ascii=False).encode())


def _envelope(number: int, code: int, message: str, inner: str) -> Reply:
    text = json.dumps(message, ensure_ascii=False)
    body = f'{{"request_id":"{number:032x}","code":{code},"msg":{text},"detail":null,"data":{inner}}}'
    return Reply(200, body.encode())
