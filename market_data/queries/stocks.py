"""What there is to say about one stock, and how one is found."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Max, Min, Q, QuerySet
from django.utils import timezone

from market_data.models import DailyBar, NameChange, Security, Suspension
from market_data.queries.moved import codes_of

FOUND_AT_MOST = 50


@dataclass(frozen=True)
class Stretch:
    """Days whose bars came from one provider."""

    provider: str
    start: date
    end: date


def search(text: str) -> "QuerySet[Security, Security]":
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


def suspended_days(symbol: str, start: date, end: date) -> list[date]:
    """The whole days on which trading was suspended, ascending."""
    rows = Suspension.objects.filter(
        symbol__in=codes_of(symbol), trade_date__range=(start, end), suspend_type="S", suspend_timing=""
    )
    return sorted(set(rows.values_list("trade_date", flat=True)))


def names_of(symbol: str) -> list[str]:
    """The names that the stock had, newest first, each once."""
    rows = NameChange.objects.filter(symbol__in=codes_of(symbol)).order_by("-start_date")
    return list(dict.fromkeys(rows.values_list("name", flat=True)))


def dividend_days(factors: dict[date, float], days: Iterable[date]) -> list[date]:
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
