"""The ways in which an interface may be asked; what has no shape here cannot be asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class ByDay:
    """One day of the whole market in a call that names it by `parameter`.

    `interface`: where that is another one than the dataset's, for accounts of so many `points`. `page_rows`: the
    answer comes in pages of about so many rows; 0: at once.
    """

    parameter: str = "trade_date"
    interface: str = ""
    points: int = 0
    page_rows: int = 0


@dataclass(frozen=True)
class BySymbol:
    """Up to `lists` named symbols from one day to another. `of_announcements`: the days are those of announcements."""

    lists: int = 1
    of_announcements: bool = False


@dataclass(frozen=True)
class Range:
    """The whole market from one day to another, with about so many rows a day."""

    rows_per_day: int


@dataclass(frozen=True)
class WholeRequest:
    """One of the calls that make up a list: parameters, and the days they span where they do.

    `key` tells it from the others whatever day it is asked on. At least `least` rows must come. `like` filters the
    stored rows that its answer speaks of, by which a list that shrank is known; None: it cannot be known.
    """

    key: str
    params: dict[str, Any]
    start: date | None = None
    end: date | None = None
    least: int = 0
    like: dict[str, Any] | None = None


@dataclass(frozen=True)
class Calls:
    """A list in a few calls. `narrower` gives the smaller ones that replace a call whose answer was cut.

    `page_rows`: an answer comes in pages of about so many rows; 0: at once.
    """

    requests: Callable[[date], Sequence[WholeRequest]]
    narrower: Callable[[dict[str, Any]], Sequence[WholeRequest]] | None = None
    page_rows: int = 0


Shape = ByDay | BySymbol | Range | Calls


@dataclass(frozen=True)
class Elsewhere:
    """How a provider that is not a dataset's first one is asked for it, in the first one's names and units."""

    shapes: tuple[Shape, ...]
    row_cap: int = 100_000
