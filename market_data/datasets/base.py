"""What a dataset is. One declaration each; the engine knows no dataset by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from django.db import models

from market_data.datasets.shapes import ByDay, BySymbol, Calls, Elsewhere, Range, Shape
from market_data.exceptions import UsageError
from market_data.frames import np, pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

S = TypeVar("S", bound=Shape)
GRACE = 2
Columns: TypeAlias = "Mapping[str, NDArray[Any]]"
"""A dataset's numbers by name, and its symbols."""


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
    """A stored column and where it comes from: stored value = source value x scale.

    A column may stay away, and is null then, unless it is part of the key or `is_required`. A row whose value is
    missing is refused where the column is part of the key or `never_null`. `pattern`: what a text looks like.
    """

    name: str
    source: str
    kind: Literal["text", "date", "number", "flag"] = "number"
    scale: float = 1.0
    is_required: bool = False
    never_null: bool = False
    pattern: str = ""


@dataclass(frozen=True)
class OtherFields:
    """The many fields of a report that are kept in one JSON column, `rest`. Any of them may stay away."""

    names: tuple[str, ...]
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plausible:
    """Below what an answer is not believed at once.

    `least_share`: of the rows expected on a day, or that a list had before. `rate`: events for each listed security and
    day, at the very least, as long as none are stored. `first_day`: the source has nothing before.
    """

    least_share: float = 0.7
    rate: float = 0.0
    first_day: date | None = None

    def least(self, expected: int) -> int:
        """How many of so many expected rows must come. A few may lack where a share of them says little."""
        return max(0, math.ceil(self.least_share * expected - GRACE))


@dataclass(frozen=True)
class Dataset:
    """`ready_at` is the time in Shanghai from which a day's rows can be there.

    `shapes` are the ways in which `provider` is asked; it is asked unless another is named, and only its rows replace
    others. `elsewhere` has those others.

    `trailing_days` are asked again once after each later session. `expectation_span` gives the days on which the rows
    of a table change what is expected of other datasets. `impossible` marks rows that no market can have produced.
    A row gets its `added_columns` when it is stored. `history_days`: how far back the provider answers; 0: all.

    `date_column` holds the day of a row's partition. `rows_per_cell`: how many rows a symbol may have on a day.

    With `grouped_by`, an answer lists all members of its groups, and a row tells from when to when we saw one there.
    A list that knows fewer than `horizon_days` ahead is asked for each day. `interface` is what the provider calls
    the dataset, where that is another name.

    With `other_fields`, a row is one version of a report: none replaces another, and `content`, part of the key, tells
    them apart.
    """

    name: str
    title: str
    model: type[models.Model]
    parts: Parts
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    job_type: str
    shapes: tuple[Shape, ...]
    row_cap: int = 6000
    ready_at: time = time(17)
    trailing_days: int = 0
    depends_on: tuple[str, ...] = ()
    fresh_hours: float = 0
    horizon_days: int = 0
    fallback: Callable[[], pa.Table] | None = None
    expectation_span: Callable[[pa.Table], tuple[date, date] | None] | None = None
    constants: Mapping[str, bool | str] = field(default_factory=dict)
    impossible: Callable[[Columns], NDArray[np.bool_]] | None = None
    plausible: Plausible = Plausible()
    provider: str = "tushare"
    elsewhere: Mapping[str, Elsewhere] = field(default_factory=dict)
    added_columns: tuple[Literal["provider", "first_seen_at"], ...] = ()
    history_days: int = 0
    rhythm: Rhythm = Rhythm.SESSIONS
    date_column: str = "trade_date"
    rows_per_cell: int = 1
    other_fields: OtherFields | None = None
    grouped_by: tuple[str, ...] = ()
    interface: str = ""

    @property
    def by_day(self) -> ByDay | None:
        return self._shape(ByDay)

    @property
    def by_symbol(self) -> BySymbol | None:
        return self._shape(BySymbol)

    @property
    def by_range(self) -> Range | None:
        return self._shape(Range)

    @property
    def as_list(self) -> Calls | None:
        return self._shape(Calls)

    def _shape(self, kind: type[S]) -> S | None:
        return next((shape for shape in self.shapes if isinstance(shape, kind)), None)

    @property
    def api_name(self) -> str:
        return self.interface or self.name

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    @property
    def columns(self) -> tuple[str, ...]:
        derived = ("rest", "content") if self.keeps_versions else ()
        return tuple(field.name for field in self.fields) + tuple(self.constants) + derived

    @property
    def shown(self) -> tuple[Field, ...]:
        """The columns that are worth reading, without the other fields."""
        seen = (Field("from_date", "from_date", "date"), Field("to_date", "to_date", "date"))
        return self.fields + (seen if self.grouped_by else ())

    @property
    def own_rows(self) -> dict[str, str]:
        """Conditions that tell its rows from those of other datasets in the same table."""
        return {name: value for name, value in self.constants.items() if isinstance(value, str)}

    @property
    def stored(self) -> models.QuerySet[Any, Any]:
        """All its rows, in no order."""
        return self.model._default_manager.filter(**self.own_rows)

    @property
    def keeps_versions(self) -> bool:
        return self.other_fields is not None

    @property
    def other_names(self) -> tuple[str, ...]:
        return self.other_fields.names if self.other_fields else ()

    @property
    def packed(self) -> tuple[Field, ...]:
        """The fields without a column of their own, which are kept in the JSON column."""
        texts = self.other_fields.texts if self.other_fields else ()
        return tuple(Field(name, name, "text" if name in texts else "number") for name in self.other_names)

    @property
    def sources(self) -> tuple[str, ...]:
        """What is asked for, in the provider's words."""
        return tuple(field.source for field in self.fields) + self.other_names

    def asked_of(self, provider: str) -> Dataset:
        """The dataset as this provider is asked for it. Raises UsageError where it has none."""
        if provider == self.provider:
            return self
        if provider not in self.elsewhere:
            names = " or ".join((self.provider, *self.elsewhere))
            raise UsageError(f"{provider} has no {self.name}; ask {names} for it.")
        other = self.elsewhere[provider]
        return replace(self, shapes=other.shapes, row_cap=other.row_cap)

    def is_needed(self, field: Field) -> bool:
        """Whether an answer without this column cannot be used at all."""
        return field.is_required or field.never_null or field.name in self.key

    def source_of(self, column: str) -> str:
        return next(field.source for field in self.fields if field.name == column)


STOCK = r"[0-9A-Z]\d{5}\.(SH|SZ|BJ)"
SYMBOL = Field("symbol", "ts_code", "text", pattern=STOCK)
TRADE_DATE = Field("trade_date", "trade_date", "date")


def numbers(*names: str, needed: tuple[str, ...] = ()) -> tuple[Field, ...]:
    """Columns that are stored as they come; a row without a `needed` one is refused."""
    return tuple(Field(name, name, never_null=name in needed) for name in names)


def texts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, name, "text") for name in names)
