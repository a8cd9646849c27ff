"""What Eastmoney sends instead of data: refusals, and answers that have changed or are wrong."""

from collections.abc import Callable
from typing import Any

from market_data.standin import replies
from market_data.standin.replies import Reply

_CAPTCHA = b"<html><head><title>captcha</title></head><body><div id='slider'></div></body></html>"
NO_ROWS = {"version": None, "result": None, "success": False, "message": "返回数据为空", "code": 9201}
Row = Any


def _captcha() -> Reply:
    return Reply(200, _CAPTCHA, "text/html")


REFUSALS: dict[str, Callable[[], Reply]] = {
    "reset": replies.closed,
    "html": lambda: replies.page(200),
    "captcha": _captcha,
    "http_403": lambda: replies.page(403),
    "http_502": lambda: replies.page(502),
}


def _null_data(payload: dict[str, Any]) -> dict[str, Any]:
    return NO_ROWS if "result" in payload else {**payload, "data": None}


def _no_rows(payload: dict[str, Any]) -> dict[str, Any]:
    return _with_rows(payload, lambda rows: [])


def _renamed_column(row: Row) -> Row:
    """A column that AkShare uses under another name; in a text, one column more."""
    if isinstance(row, str):
        return f"{row},0.00"
    used = _used(row)
    return {f"{name}_x" if name == used else name: value for name, value in row.items()}


def _used(row: Row) -> str:
    return next(name for name in ("f3", "zdp", "CLOSE_PRICE") if name in row)


def _short_row(row: Row) -> Row:
    return row.rpartition(",")[0] if isinstance(row, str) else dict(list(row.items())[:-1])


def _moved_columns(row: Row) -> Row:
    """The same columns in another order, of which AkShare notices nothing."""
    return row if isinstance(row, str) else dict(reversed(row.items()))


def _text_number(row: Row) -> Row:
    """Text in the first number that AkShare uses."""
    if isinstance(row, str):
        day, _, rest = row.split(",", 2)
        return f"{day},n/a,{rest}"
    return {**row, _used(row): "n/a"}


def _same_row_twice(payload: dict[str, Any]) -> dict[str, Any]:
    return _with_rows(payload, lambda rows: [*rows, *rows[:1]])


def _in_every_row(change: Callable[[Row], Row]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda payload: _with_rows(payload, lambda rows: [change(row) for row in rows])


def _with_rows(payload: dict[str, Any], change: Callable[[list[Row]], list[Row]]) -> dict[str, Any]:
    outer = "result" if "result" in payload else "data"
    inner = payload[outer]
    if inner is None:
        return payload
    name = next(name for name in ("klines", "pool", "diff", "data") if name in inner)
    return {**payload, outer: {**inner, name: change(inner[name])}}


PAYLOAD_FAULTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "null_data": _null_data,
    "no_rows": _no_rows,
    "renamed_column": _in_every_row(_renamed_column),
    "short_row": _in_every_row(_short_row),
    "moved_columns": _in_every_row(_moved_columns),
    "text_number": _in_every_row(_text_number),
    "same_row_twice": _same_row_twice,
}
FAULTS = (*REFUSALS, *PAYLOAD_FAULTS, "hang", "broken_json")
