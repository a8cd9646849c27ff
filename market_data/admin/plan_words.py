"""A plan in words: how it asks, before anything is sent."""

from collections import Counter
from collections.abc import Iterable

from django.utils.translation import gettext, ngettext

from market_data.admin.words import number
from market_data.engine.orders import Order, dataset_of, window
from market_data.engine.planner import planning
from market_data.models import SyncRequest


def shape_words(name: str, order: Order) -> str:
    """Such as `by day for 750 days, by lists of up to 50 stocks in 12 calls`. Raises MarketDataError."""
    dataset = dataset_of(name, order)
    return _told(planning.plan_for(dataset, window(dataset, order)).requests)


def _told(requests: Iterable[SyncRequest]) -> str:
    counts: Counter[str] = Counter()
    longest = 0
    for request in requests:
        counts[request.shape] += 1
        longest = max(longest, len(request.symbols))
    parts = []
    if counts["date"]:
        parts.append(
            ngettext("by day for %(n)s day", "by day for %(n)s days", counts["date"]) % {"n": number(counts["date"])}
        )
    lists = counts["symbols"] + counts["range"]
    if lists and longest > 1:
        parts.append(
            gettext("by lists of up to %(most)s stocks in %(n)s calls") % {"most": longest, "n": number(lists)}
        )
    elif lists:
        parts.append(gettext("stock by stock in %(n)s calls") % {"n": number(lists)})
    if counts["whole"]:
        parts.append(gettext("as a whole list"))
    return ", ".join(parts)
