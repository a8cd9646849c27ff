"""What there is to say about one stock, and how one is found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet
from django.utils import timezone

from market_data.datasets import DATASETS, EXCHANGE
from market_data.frames import pa
from market_data.models import DailyBar, NameChange, Security, Suspension, TradingDay
from market_data.queries.adjusting import Adjust
from market_data.queries.bars import Asked, finished
from market_data.queries.moved import codes_of, one_series
from market_data.queries.stored import stored_table
from market_data.queries.wanted import Wanted

FOUND_AT_MOST = 50


@dataclass(frozen=True)
class Stretch:
    """Days whose bars came from one provider."""

    provider: str
    start: date
    end: date


def search(text: str) -> QuerySet[Security, Security]:
    """Stocks by the beginning of a symbol, by a part of a name, or by the first letters of its pinyin."""
    text = text.strip()
    if not text:
        return Security.objects.none()
    upper = text.upper()
    found = Q(symbol__startswith=upper) | Q(name__icontains=text) | Q(cnspell__istartswith=text)
    return Security.objects.filter(found).order_by("list_status", "symbol")[:FOUND_AT_MOST]


def stretches(symbol: str) -> list[Stretch]:
    """Which provider the bars came from, from when to when, in order of time."""
    rows = DailyBar.objects.filter(symbol__in=codes_of(symbol)).order_by().values_list("provider")
    spans = rows.annotate(start=Min("trade_date"), end=Max("trade_date"))
    return sorted((Stretch(*span) for span in spans), key=lambda stretch: stretch.start)


def bars_and_factors(symbol: str, start: date, end: date, adjust: Adjust) -> tuple[pa.Table, dict[date, float | None]]:
    """What `bars_table` gives of one stock, and its factors of these days, each read once."""
    codes = codes_of(symbol)
    asked = Asked(start, end, adjust)
    factors = one_series(stored_table(Wanted(DATASETS["adj_factor"], start, end, codes)))
    table = finished(one_series(stored_table(asked.days_of(codes))), asked, codes[-1:], factors)
    return table, dict(zip(factors["trade_date"].to_pylist(), factors["adj_factor"].to_pylist(), strict=True))


def sessions_of(symbol: str, start: date, end: date) -> list[tuple[date, bool]]:
    """Each trading day, ascending, and whether trading in the stock was suspended for the whole of it."""
    suspended = Suspension.objects.filter(
        symbol__in=codes_of(symbol), trade_date=OuterRef("trade_date"), suspend_type="S", suspend_timing=""
    )
    days = TradingDay.objects.filter(exchange=EXCHANGE, is_open=True, trade_date__range=(start, end))
    return list(days.order_by("trade_date").values_list("trade_date", Exists(suspended)))


def names_of(symbol: str) -> list[str]:
    """The names that the stock had, newest first, each once."""
    rows = NameChange.objects.filter(symbol__in=codes_of(symbol)).order_by("-start_date")
    return list(dict.fromkeys(rows.values_list("name", flat=True)))


def dividend_days(factors: Mapping[date, float | None], days: Iterable[date]) -> list[date]:
    """The days on which the adjustment factor moved: what was paid out or split, seen from the price."""
    moved, before = [], None
    for day in days:
        factor = factors.get(day)
        if factor is not None:
            if before is not None and factor != before:
                moved.append(day)
            before = factor
    return moved


def is_suspended_now(suspended: list[date]) -> bool:
    """Whether the latest week has one of these days, and it is the newest thing that is known."""
    return bool(suspended) and suspended[-1] >= timezone.localdate() - timedelta(days=1)
