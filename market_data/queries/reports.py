"""Reports of companies: the current version of each period, and what was known on a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, TextField, When, Window
from django.db.models.functions import Cast, Coalesce, Greatest, Length, RowNumber, TruncDate

from market_data.datasets import Dataset
from market_data.frames import pa
from market_data.queries.columns import question, read_table

SHANGHAI = ZoneInfo("Asia/Shanghai")
ReportRows = QuerySet[Any, Any]


def versions(dataset: Dataset, symbols: Iterable[str] | None = None) -> ReportRows:
    """Every version of the reports of these stocks (None: all). Units: see the dataset's model."""
    rows: ReportRows = dataset.model._default_manager.all()
    return rows if symbols is None else rows.filter(symbol__in=list(symbols))


def current(dataset: Dataset, symbols: Iterable[str] | None = None) -> ReportRows:
    """One version of each period, ascending by symbol and period: the one with the highest `update_flag`, then the
    latest `ann_date` that is not before the period's end; of those that are alike in this, the fullest."""
    return _best(dataset, versions(dataset, symbols))


def as_of(dataset: Dataset, day: date, symbols: Iterable[str] | None = None) -> ReportRows:
    """What was known of each period on this day, as `current` chooses, for tests of the past that must not see more.

    A version is known from its announcement on. One that replaces another without a later announcement is known from
    the day on which it was first seen here, because no source tells when it was restated; so is one that has no
    announcement.
    """
    return _best(dataset, _dated(dataset, versions(dataset, symbols)).filter(known_on__lte=day))


def reports_table(dataset: Dataset, day: date | None = None, symbols: Iterable[str] | None = None) -> pa.Table:
    """What is known now, or was on a day, of these stocks (None: of all) in columns: the main figures and when a
    version was first seen, in UTC; the fields without a column of their own as JSON in `rest`."""
    found = current(dataset, symbols) if day is None else as_of(dataset, day, symbols)
    return read_table(question(found, *(field.name for field in dataset.fields), "rest", "first_seen_at"))


def _best(dataset: Dataset, rows: ReportRows) -> ReportRows:
    in_time = Case(When(ann_date__gte=F("end_date"), then=1), default=0)
    order = [
        F("update_flag").desc(),
        in_time.desc(),
        F("ann_date").desc(nulls_last=True),
        Length(Cast("rest", TextField())).desc(),
        F("content").asc(),
    ]
    place = Window(RowNumber(), partition_by=[F(name) for name in _period(dataset)], order_by=order)
    best: ReportRows = rows.annotate(place=place).filter(place=1).order_by(*_period(dataset))
    return best


def _period(dataset: Dataset) -> list[str]:
    """What a version is a version of: statements come in several kinds, such as consolidated ones."""
    kinds = [name for name in ("report_type",) if name in dataset.columns]
    return ["symbol", "end_date", *kinds]


def _dated(dataset: Dataset, rows: ReportRows) -> ReportRows:
    announced = Coalesce("f_ann_date", "ann_date") if "f_ann_date" in dataset.columns else F("ann_date")
    rows = rows.annotate(announced=announced, seen_on=TruncDate("first_seen_at", tzinfo=SHANGHAI))
    same_period = {name: OuterRef(name) for name in _period(dataset)}
    others = versions(dataset).annotate(announced=announced).filter(**same_period, announced__gte=OuterRef("announced"))
    older = Q(update_flag__lt=OuterRef("update_flag")) | Q(first_seen_at__lt=OuterRef("first_seen_at"))
    dated: ReportRows = rows.annotate(
        known_on=Case(
            When(Q(announced=None) | Exists(others.filter(older)), then="seen_on"),
            default=Greatest("announced", "end_date"),
        )
    )
    return dated
