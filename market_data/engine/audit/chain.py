"""The chain of a stock's bars: each previous close is the close of the bar before it x its factor / the factor now.

A link that does not hold means a bar between the two that is not stored, a factor that is missing or did not move, or a
price that is wrong. Which of these it is follows from the days between, the factors, and whether the bars themselves
are sound.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from market_data.engine.audit.findings import Finding, Kind
from market_data.engine.audit.links import PRICE_LEAST, Key, Link, doubtful_links, unsound_bars
from market_data.engine.audit.scope import Scope
from market_data.engine.ledger.expectations import open_days
from market_data.models import AdjFactor

CHAIN = Kind("chain", "daily", "The previous close is not the close of the bar before it, adjusted by the factors.")
HOLE = Kind(
    "hole",
    "daily",
    "No bar is stored, and the bars before and after it do not fit together without one.",
    is_of_row=False,
)
FACTOR_MISSING = Kind(
    "factor_missing",
    "adj_factor",
    "There is no factor where the bar beside it has one, or where the prices show an ex-day.",
    is_of_row=False,
)
FACTOR_UNMOVED = Kind("factor_unmoved", "adj_factor", "The bars show an ex-day, and the factor did not move on it.")
FACTOR_ODD = Kind("factor_odd", "adj_factor", "The factor moved, and the bars show no ex-day.")

LINKS_AT_ONCE = 500


@dataclass(frozen=True)
class ChainCheck:
    """Finds broken links, and tells what each is due to."""

    table: str = "daily"
    day: str = "trade_date"
    kinds: tuple[Kind, ...] = (CHAIN, HOLE, FACTOR_MISSING, FACTOR_UNMOVED, FACTOR_ODD)

    def find(self, scope: Scope, datasets: Collection[str]) -> Iterator[Finding]:
        judge = _Judge(open_days(date.min, date.max), has_factors=AdjFactor.objects.exists())
        doubtful = doubtful_links(scope)
        while links := list(islice(doubtful, LINKS_AT_ONCE)):
            for finding in judge.findings(links):
                if finding.kind.dataset in datasets:
                    yield finding


class _Judge:
    """Tells what links that seem broken are due to, if they are. `has_factors`: of any stock."""

    def __init__(self, sessions: list[date], *, has_factors: bool) -> None:
        self.sessions = sessions
        self.has_factors = has_factors
        self.unsound: set[Key] = set()
        self.lacking: Key | None = None

    def findings(self, links: list[Link]) -> Iterator[Finding]:
        broken = [link for link in links if link.knows_factors and link.is_broken(over_days=False)]
        keys = {(link.symbol, day) for link in broken for day in (link.day, link.before)}
        self.unsound = unsound_bars(keys)
        for link in links:
            yield from self._judge(link)

    def _judge(self, link: Link) -> Iterator[Finding]:
        between = self.sessions[bisect_right(self.sessions, link.before) : bisect_left(self.sessions, link.day)]
        lacking = _without_factor(link)
        if lacking is not None and (link.symbol, lacking) != self.lacking:
            self.lacking = link.symbol, lacking
            yield Finding(FACTOR_MISSING, link.symbol, lacking, None, link.factor or link.before_factor)
        if not link.is_broken(over_days=bool(between)):
            return
        # Without factors an ex-day explains a previous close below the close before, and nothing explains one above.
        if not link.knows_factors and link.pre_close < link.before_close:
            if lacking is None and self.has_factors:
                yield Finding(FACTOR_MISSING, link.symbol, link.day, None, "a factor: the prices show an ex-day")
            return
        if between:
            yield from _around_hole(link, between)
        else:
            yield self._between_neighbours(link)

    def _between_neighbours(self, link: Link) -> Finding:
        sound = link.knows_factors and self.unsound.isdisjoint({(link.symbol, link.day), (link.symbol, link.before)})
        if sound and link.factor == link.before_factor and link.pre_close < link.before_close:
            needed = (link.factor or 1) * link.before_close / link.pre_close
            return Finding(FACTOR_UNMOVED, link.symbol, link.day, link.factor, needed)
        if sound and link.factor != link.before_factor and abs(link.pre_close - link.before_close) <= PRICE_LEAST:
            return Finding(FACTOR_ODD, link.symbol, link.day, link.factor, link.before_factor)
        return Finding(CHAIN, link.symbol, link.day, link.pre_close, link.expected)


def _without_factor(link: Link) -> date | None:
    """The day of the one bar of the two that has no factor."""
    if (link.factor is None) == (link.before_factor is None):
        return None
    return link.day if link.factor is None else link.before


def _around_hole(link: Link, between: list[date]) -> Iterator[Finding]:
    yield Finding(CHAIN, link.symbol, link.day, link.pre_close, link.expected)
    # Of one day that is not there it is known how it must have closed.
    close = link.pre_close if len(between) == 1 and link.factor == link.before_factor else "a bar"
    for day in between:
        yield Finding(HOLE, link.symbol, day, None, close)
