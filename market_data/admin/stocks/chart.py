"""What the chart of a stock draws, as JSON that people and programs read too."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.utils.html import json_script
from django.utils.safestring import SafeString, mark_safe

from market_data.queries import Adjust
from market_data.queries.stocks import bars_and_factors, dividend_days, sessions_of

SHOWN = ("trade_date", "open", "high", "low", "close", "volume", "amount")


class Marks(NamedTuple):
    """Days that the axis marks."""

    dividends: list[date]
    suspended: list[date]
    missing: list[date]


class Drawn(NamedTuple):
    """`bars` ascending, by the names of their columns."""

    bars: list[dict[str, Any]]
    marks: Marks


def drawn(symbol: str, start: date, end: date, adjust: Adjust, listed: date | None) -> Drawn:
    """Bars, dividends, suspensions, and trading days without a bar or a reason."""
    table, factors = bars_and_factors(symbol, start, end, adjust)
    days = table["trade_date"].to_pylist()
    sessions = sessions_of(symbol, start, end)
    suspended = [day for day, is_suspended in sessions if is_suspended]
    known = {*days, *suspended}
    first = max(start, listed) if listed else (days[0] if days else end)
    last = max(known, default=first)
    missing = [day for day, _ in sessions if first <= day <= last and day not in known] if days else []
    return Drawn(table.select(list(SHOWN)).to_pylist(), Marks(dividend_days(factors, days), suspended, missing))


def as_scripts(found: Sequence[dict[str, Any]], marked: Marks) -> SafeString:
    """The numbers for the browser, in elements that nothing runs."""
    numbers = _script("bars", [{**row, "trade_date": row["trade_date"].isoformat()} for row in found])
    days = _script("marks", {name: [d.isoformat() for d in value] for name, value in marked._asdict().items()})
    return mark_safe(numbers + days)  # noqa: S308 - both are escaped


def _script(role: str, value: Any) -> str:
    return json_script(value, role).replace("<script ", f'<script data-role="{role}" ', 1)
