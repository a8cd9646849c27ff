"""What a dataset is. One declaration each; the engine knows no dataset by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from django.db import models
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[np.float64]]


class Parts(StrEnum):
    """What a dataset's partitions are, and how one is known to be complete."""

    CELLS = "cells"  # a trading day: a row for each symbol listed and not suspended
    EVENTS = "events"  # a trading day: whatever the source answers
    WHOLE = "whole"  # the list as a whole, again when it is no longer fresh
    NAMED = "named"  # none: nothing is expected, rows are of symbols that people name


@dataclass(frozen=True)
class Field:
    """A stored column and where it comes from: stored value = source value x scale."""

    name: str
    source: str
    kind: Literal["text", "date", "number", "flag"] = "number"
    scale: float = 1.0


@dataclass(frozen=True)
class WholeRequest:
    """One of the calls that make up a list: parameters, and the days they span where they do."""

    params: dict[str, Any]
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True)
class Dataset:
    """`ready_at` is the time in Shanghai from which a day's rows can be there.

    `trailing_days` are asked again once after each later session. `max_symbols`: symbols in one call with a
    range; 0 where a range is asked for all symbols at once. `narrower` gives the smaller calls that replace a
    list's call whose answer was cut. `expectation_span` gives the days on which the rows of a table change what is
    expected of other datasets. `impossible` marks rows that no market can have produced.
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
    constants: Mapping[str, bool] = field(default_factory=dict)
    impossible: Callable[[Columns], NDArray[np.bool_]] | None = None

    @property
    def api_name(self) -> str:
        return self.name

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields) + tuple(self.constants)

    def source_of(self, column: str) -> str:
        return next(field.source for field in self.fields if field.name == column)


SYMBOL = Field("symbol", "ts_code", "text")
TRADE_DATE = Field("trade_date", "trade_date", "date")


def numbers(*names: str) -> tuple[Field, ...]:
    """Columns that are stored as they come."""
    return tuple(Field(name, name) for name in names)


def texts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, name, "text") for name in names)
