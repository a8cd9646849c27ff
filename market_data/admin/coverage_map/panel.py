"""What is known of some days of a dataset: who is missing, what a repair costs, and the buttons."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from market_data.admin.shapes import WORDS, state_words
from market_data.admin.words import day_words, length_words, number, span_words, title_of
from market_data.datasets import DATASETS, Dataset, Parts
from market_data.engine.ledger import expectations
from market_data.engine.orders import Order
from market_data.engine.pricing import price
from market_data.exceptions import MarketDataError
from market_data.models import Partition
from market_data.queries.coverage_map import open_days_of

SYMBOLS_SHOWN = 20
DAYS_SHOWN = 12
OPEN_AT_MOST = 400
RUN = "scheduling.add_execution"
ACCEPT = "market_data.change_partition"


@dataclass(frozen=True)
class OpenDay:
    """A day that is not settled."""

    day: date
    words: str
    state: SafeString
    numbers: str
    why: str


@dataclass(frozen=True)
class Panel:
    dataset: str
    title: str
    start: date
    end: date
    span: str
    summary: str
    days: list[OpenDay]
    more_days: int
    symbols_of: str
    symbols: list[str]
    more_symbols: int
    price: str
    may_repair: bool
    may_accept: bool
    suspect_days: list[str]


def panel(request: HttpRequest, name: str, start: date, end: date) -> Panel:
    """Bounded: at most so many days are read and the symbols of one of them."""
    dataset = DATASETS[name]
    unsettled = open_days_of(dataset, start, end, OPEN_AT_MOST)
    suspect = [p.trade_date.isoformat() for p in unsettled if p.state == "suspect"]
    lacking = next((p for p in unsettled if p.state != "absent"), None)
    symbols = _symbols(dataset, lacking)
    return Panel(
        dataset=name,
        title=title_of(name),
        start=start,
        end=end,
        span=span_words(start, end),
        summary=_summary(dataset, start, end),
        days=[_open_day(p) for p in unsettled[:DAYS_SHOWN]],
        more_days=max(0, len(unsettled) - DAYS_SHOWN),
        symbols_of=day_words(lacking.trade_date) if lacking else "",
        symbols=symbols[:SYMBOLS_SHOWN],
        more_symbols=max(0, len(symbols) - SYMBOLS_SHOWN),
        price=price_words(name, Order(start, end)),
        may_repair=request.user.has_perm(RUN),
        may_accept=bool(suspect) and request.user.has_perm(ACCEPT),
        suspect_days=suspect,
    )


def price_words(name: str, order: Order) -> str:
    """Such as `3 calls, 1,204 rows, about 1 s`, or why nobody can tell."""
    try:
        cost = price(name, order)
    except MarketDataError as error:
        return str(error)
    return cost_words(cost)


def cost_words(cost: dict[str, Any]) -> str:
    if not cost["calls"]:
        return gettext("Nothing is to be asked: no call.")
    calls = ngettext("%(n)s call", "%(n)s calls", cost["calls"]) % {"n": number(cost["calls"])}
    rows = gettext("%(n)s rows") % {"n": number(cost["rows_expected"])}
    return gettext("%(calls)s, %(rows)s, about %(time)s") % {
        "calls": calls,
        "rows": rows,
        "time": length_words(cost["seconds_expected"]),
    }


def _summary(dataset: Dataset, start: date, end: date) -> str:
    states = Partition.objects.filter(dataset=dataset.name, trade_date__range=(start, end))
    counts = Counter(states.values_list("state", flat=True))
    if not counts:
        return gettext("The ledger has no entry for these days.")
    return ", ".join(f"{number(count)} {WORDS.get(state, state)}" for state, count in counts.most_common())


def _open_day(partition: Partition) -> OpenDay:
    numbers = gettext("%(got)s of %(expected)s, %(absent)s absent") % {
        "got": number(partition.got),
        "expected": number(partition.expected),
        "absent": number(partition.absent),
    }
    return OpenDay(
        partition.trade_date,
        day_words(partition.trade_date),
        state_words(partition.state),
        numbers,
        getattr(partition, "reason", ""),
    )


def _symbols(dataset: Dataset, partition: Partition | None) -> list[str]:
    if partition is None or dataset.parts != Parts.CELLS:
        return []
    day = partition.trade_date
    return sorted(symbol for symbol, _ in expectations.missing_cells(dataset, day, day))
