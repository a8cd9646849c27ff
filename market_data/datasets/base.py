"""What a dataset is. One declaration each; the engine knows no dataset by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from django.db import models
from numpy.typing import NDArray

from market_data.exceptions import UsageError

Columns = Mapping[str, NDArray[np.float64]]


class Parts(StrEnum):
    """What a dataset's partitions are, and how one is known to be complete."""

    CELLS = "cells"  # a trading day: a row for each symbol listed and not suspended
    EVENTS = "events"  # a trading day: whatever the source answers
    WHOLE = "whole"  # the list as a whole, again when it is no longer fresh
    NAMED = "named"  # none: nothing is expected, rows are of symbols that people name


class Rhythm(StrEnum):
    """How often there is something: each partition of cells or events is one such day."""

    SESSIONS = "sessions"  # each trading day
    QUARTERS = "quarters"  # the last day of each quarter: what companies report on


@dataclass(frozen=True)
class Field:
    """A stored column and where it comes from: stored value = source value x scale. An optional one may stay away."""

    name: str
    source: str
    kind: Literal["text", "date", "number", "flag"] = "number"
    scale: float = 1.0
    is_optional: bool = False


@dataclass(frozen=True)
class Rest:
    """The many fields of a report that are kept in one JSON column, `rest`. `optional` ones may stay away."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.required + self.optional


@dataclass(frozen=True)
class WholeRequest:
    """One of the calls that make up a list: parameters, and the days they span where they do."""

    params: dict[str, Any]
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True)
class Road:
    """How a provider that is not a dataset's first one is asked for it, in the first one's names and units."""

    by_date: bool = False
    max_symbols: int = 1
    row_cap: int = 100_000
    whole_requests: Callable[[date], Sequence[WholeRequest]] | None = None


@dataclass(frozen=True)
class Dataset:
    """`ready_at` is the time in Shanghai from which a day's rows can be there.

    `trailing_days` are asked again once after each later session. `max_symbols`: symbols in one call with a
    range; 0 where a range is asked for all symbols at once. `narrower` gives the smaller calls that replace a
    list's call whose answer was cut. `expectation_span` gives the days on which the rows of a table change what is
    expected of other datasets. `impossible` marks rows that no market can have produced.

    `provider` is asked unless another is named, and only its rows replace others; `roads` lead to those others.
    `stamps` are columns that a row gets when it is stored. `history_days`: how far back the provider answers; 0: all.

    `date_column` holds the day of a row's partition, `day_parameter` names it in a call for one day. `market_api` is
    the interface that is asked for one day of the whole market where that is another one, for accounts of so many
    `market_points`. `page_rows`: a list or a whole market comes in pages of about so many rows; 0: at once.
    `asks_by_announcement`: the range of a call speaks of announcements, not of the days themselves. `rows_per_cell`:
    how many rows a symbol may have on a day.

    With a `group`, an answer lists all members of its groups, and a row tells from when to when we saw one there.
    `interface` is what the provider calls the dataset, where that is another name.

    With `rest`, a row is one version of a report: none replaces another, and `content`, part of the key, tells them
    apart.
    """

    name: str
    title: str
    model: type[models.Model]
    parts: Parts
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    job_type: str
    row_cap: int = 6000
    by_date: bool = False
    max_symbols: int = 0
    ready_at: time = time(17)
    trailing_days: int = 0
    depends_on: tuple[str, ...] = ()
    rows_per_day: int = 0
    fresh_hours: float = 0
    whole_requests: Callable[[date], Sequence[WholeRequest]] | None = None
    narrower: Callable[[dict[str, Any]], list[dict[str, Any]]] | None = None
    fallback: Callable[[], pa.Table] | None = None
    expectation_span: Callable[[pa.Table], tuple[date, date] | None] | None = None
    constants: Mapping[str, bool | str] = field(default_factory=dict)
    impossible: Callable[[Columns], NDArray[np.bool_]] | None = None
    provider: str = "tushare"
    roads: Mapping[str, Road] = field(default_factory=dict)
    stamps: tuple[Literal["provider", "first_seen_at"], ...] = ()
    history_days: int = 0
    rhythm: Rhythm = Rhythm.SESSIONS
    date_column: str = "trade_date"
    day_parameter: str = "trade_date"
    market_api: str = ""
    market_points: int = 0
    page_rows: int = 0
    asks_by_announcement: bool = False
    rows_per_cell: int = 1
    rest: Rest | None = None
    group: tuple[str, ...] = ()
    interface: str = ""

    @property
    def api_name(self) -> str:
        return self.interface or self.name

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    @property
    def columns(self) -> tuple[str, ...]:
        derived = ("rest", "content") if self.rest else ()
        return tuple(field.name for field in self.fields) + tuple(self.constants) + derived

    @property
    def shown(self) -> tuple[Field, ...]:
        """The columns that are worth reading, without those of `rest`."""
        seen = (Field("from_date", "from_date", "date"), Field("to_date", "to_date", "date"))
        return self.fields + (seen if self.group else ())

    @property
    def share(self) -> dict[str, str]:
        """What tells its rows from those of other datasets in the same table."""
        return {name: value for name, value in self.constants.items() if isinstance(value, str)}

    @property
    def keeps_versions(self) -> bool:
        return self.rest is not None

    @property
    def sources(self) -> tuple[str, ...]:
        """What is asked for, in the provider's words."""
        return tuple(field.source for field in self.fields) + (self.rest.names if self.rest else ())

    def asked_of(self, provider: str) -> "Dataset":
        """The dataset as this provider is asked for it. Raises UsageError where it has none."""
        if provider == self.provider:
            return self
        if provider not in self.roads:
            names = " or ".join((self.provider, *self.roads))
            raise UsageError(f"{provider} has no {self.name}; ask {names} for it.")
        road = self.roads[provider]
        return replace(
            self,
            by_date=road.by_date,
            max_symbols=road.max_symbols,
            row_cap=road.row_cap,
            whole_requests=road.whole_requests,
        )

    def source_of(self, column: str) -> str:
        return next(field.source for field in self.fields if field.name == column)


SYMBOL = Field("symbol", "ts_code", "text")
TRADE_DATE = Field("trade_date", "trade_date", "date")


def numbers(*names: str) -> tuple[Field, ...]:
    """Columns that are stored as they come."""
    return tuple(Field(name, name) for name in names)


def texts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, name, "text") for name in names)
