"""Who was in which concept, on a day, as we saw it."""

from datetime import date

from django.db.models import Q, QuerySet

from market_data.models import ConceptMember


def members(source: str, board: str, day: date | None = None) -> QuerySet[ConceptMember]:
    """The members of a board on a day (None: now), ascending by symbol."""
    return _on(day).filter(source=source, board=board).order_by("symbol")


def concepts_of(symbol: str, day: date | None = None) -> QuerySet[ConceptMember]:
    """The boards that a stock was in on a day (None: now), of every source, ascending."""
    return _on(day).filter(symbol=symbol).order_by("source", "board")


def _on(day: date | None) -> QuerySet[ConceptMember]:
    if day is None:
        return ConceptMember.objects.filter(to_date=None)
    return ConceptMember.objects.filter(Q(to_date=None) | Q(to_date__gt=day), from_date__lte=day)
