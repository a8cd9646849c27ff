"""What the chart of a stock draws, as JSON that people and programs read too."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.utils.html import json_script
from django.utils.safestring import SafeString, mark_safe

from market_data.engine.ledger import expectations
from market_data.queries import COLUMNS, Adjust, bars, factors_of
from market_data.queries.stocks import dividend_days, suspended_days

SHOWN = ("trade_date", "open", "high", "low", "close", "volume", "amount")


class Marks(NamedTuple):
    """Days that the axis marks."""

    dividends: list[date]
    suspended: list[date]
    missing: list[date]


def rows(symbol: str, start: date, end: date, adjust: Adjust) -> list[dict[str, Any]]:
    """The bars of the span, ascending, by the names of their columns."""
    places = [COLUMNS.index(name) for name in SHOWN]
    found = bars([symbol], start, end, adjust)
    return [dict(zip(SHOWN, (row[at] for at in places), strict=True)) for row in found]


def marks(symbol: str, found: Sequence[dict[str, Any]], start: date, end: date, listed: date | None) -> Marks:
    """Dividends, suspensions, and trading days without a bar or a reason."""
    days = [row["trade_date"] for row in found]
    suspended = suspended_days(symbol, start, end)
    known = {*days, *suspended}
    first = max(start, listed) if listed else (days[0] if days else end)
    last = max([*days, *suspended], default=first)
    missing = [day for day in expectations.open_days(first, last) if day not in known] if days else []
    return Marks(dividend_days(factors_of(symbol), days), suspended, missing)


def as_scripts(found: Sequence[dict[str, Any]], marked: Marks) -> SafeString:
    """The numbers for the browser, in elements that nothing runs."""
    numbers = _script("bars", [{**row, "trade_date": row["trade_date"].isoformat()} for row in found])
    days = _script("marks", {name: [d.isoformat() for d in value] for name, value in marked._asdict().items()})
    return mark_safe(numbers + days)  # noqa: S308 - both are escaped


def _script(role: str, value: Any) -> str:
    return json_script(value, role).replace("<script ", f'<script data-role="{role}" ', 1)
