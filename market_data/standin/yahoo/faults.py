"""What goes wrong at Yahoo, and how it looks."""

from collections.abc import Callable
from typing import Any

from market_data.standin.replies import Reply, closed, page, plain

Body = dict[str, Any]
CAPTCHA = b"<!doctype html><html><head><title>Verify you are human</title></head><body>captcha</body></html>"


def spoiled_reply(fault: str) -> Reply | None:
    """The reply of a fault that needs no data; None for the others."""
    return {
        "http_429": Reply(429, b"Too Many Requests\r\n", "text/html"),
        "http_502": page(502),
        "html": page(200),
        "captcha": Reply(200, CAPTCHA, "text/html"),
        "reset": closed(),
        "broken_json": Reply(200, b'{"chart": {"result": [{"meta": {"curr'),
        "empty": plain(200, {"chart": {"result": [], "error": None}}),
    }.get(fault)


def _quote(body: Body) -> dict[str, list[Any]]:
    quote: dict[str, list[Any]] = body["chart"]["result"][0]["indicators"]["quote"][0]
    return quote


def _negative_price(body: Body) -> Body:
    _quote(body)["low"][0] = -1.0
    return body


def _high_below_low(body: Body) -> Body:
    quote = _quote(body)
    quote["high"][0] = quote["low"][0] / 2
    return body


def _wrong_columns(body: Body) -> Body:
    quote = _quote(body)
    quote["closing"] = quote.pop("close")
    return body


def _text_for_number(body: Body) -> Body:
    _quote(body)["close"][0] = "n/a"
    return body


def _another_symbol(body: Body) -> Body:
    body["chart"]["result"][0]["meta"]["symbol"] = "ANOTHER"
    return body


SPOILED: dict[str, Callable[[Body], Body]] = {
    "negative_price": _negative_price,
    "high_below_low": _high_below_low,
    "wrong_columns": _wrong_columns,
    "text_for_number": _text_for_number,
    "another_symbol": _another_symbol,
}
FAULTS = ("http_429", "http_502", "html", "captcha", "reset", "broken_json", "empty", "hang", *SPOILED)
