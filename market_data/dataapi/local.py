"""Tushare's interfaces answered from the database: its fields, units and order, newest day first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F, QuerySet

from market_data.datasets import DATASETS, Dataset, Field
from market_data.files.shaping import Selection
from market_data.files.shaping import shape as shaped
from market_data.frames import pa, pc
from market_data.providers.tushare_fields import DEFAULT, HIDDEN
from market_data.queries import Frequency, bars_table
from market_data.queries.columns import question, read_table
from market_data.queries.wanted import Wanted
from market_data.standin.tushare import refusals
from market_data.standin.tushare.interfaces import Interface
from market_data.standin.tushare.questions import MAX_OFFSET, Question

MOST_ROWS = 500_000
"""More than that does not go through JSON; `limit` and `offset` give it in parts."""
PERIODS: dict[str, Frequency] = {"weekly": "weekly", "monthly": "monthly"}
CALENDARS_ALIKE = ("SZSE", "BSE")
_CONTROLS = {"limit", "offset", "ts_type_name", "start_date", "end_date", "period"}
_OF_TUSHARE = [dataset for dataset in DATASETS.values() if dataset.provider == "tushare"]
STORED: dict[str, Dataset] = {
    **{shape.interface: dataset for dataset in _OF_TUSHARE if (shape := dataset.by_day) and shape.interface},
    **{dataset.api_name: dataset for dataset in _OF_TUSHARE},
    **dict.fromkeys(PERIODS, DATASETS["daily"]),
}


@dataclass(frozen=True)
class Found:
    """The rows that answer a call, in Tushare's columns; `has_more` where they were cut."""

    table: pa.Table
    has_more: bool


def answer(asked: Question) -> Found:
    """Raises Refusal for a question that Tushare does not answer, and for an interface of which nothing is stored."""
    dataset = STORED[asked.api]
    offset, limit = _cut(asked)
    names = _fields(dataset, asked)
    if asked.api in PERIODS:
        found = _of_periods(dataset, asked).slice(offset, limit + 1)
    else:
        found = _stored(dataset, asked, offset, limit + 1)
    if not found.num_rows and not dataset.stored.exists():
        raise not_stored(asked.api)
    return Found(_completed(found.slice(0, limit), names), found.num_rows > limit)


def not_stored(api: str) -> refusals.Refusal:
    return refusals.Refusal("not_stored", 40203, f"抱歉，本地数据库没有接口({api})的数据，请先同步该数据集。")


def _cut(asked: Question) -> tuple[int, int]:
    try:
        offset, limit = int(asked.params.get("offset", 0)), int(asked.params.get("limit", MOST_ROWS))
    except ValueError:
        raise refusals.bad_query() from None
    if not 0 <= offset <= max(MAX_OFFSET, MOST_ROWS) or limit < 0:
        raise refusals.bad_query()
    return offset, min(limit, MOST_ROWS)


def _fields(dataset: Dataset, asked: Question) -> list[str]:
    """In the order of the question, else Tushare's; what it has and nobody stores is empty."""
    shown = DEFAULT.get(dataset.api_name) or asked.interface.shown or dataset.sources
    known = {*shown, *asked.interface.hidden, *HIDDEN.get(dataset.api_name, ()), *dataset.sources}
    names = [name for name in asked.fields if name in known] if asked.fields else list(shown)
    if not names:
        raise refusals.bad_query()
    return names


def _stored(dataset: Dataset, asked: Question, offset: int, rows: int) -> pa.Table:
    _check_needs(asked)
    params = {**asked.interface.defaults, **asked.params}
    label = params.get("exchange", "")
    if dataset.name == "trade_cal" and label in CALENDARS_ALIKE:
        params["exchange"] = "SSE"
    selected = _selected(dataset, asked.interface, params)
    wanted = Wanted(dataset)
    page = selected.order_by(*_order(dataset, asked.interface))[offset : offset + rows]
    table = shaped(Selection(dataset, units="tushare"), read_table(question(page, *wanted.names)))
    if params.get("exchange", "") != label:
        at = table.column_names.index("exchange")
        table = table.set_column(at, "exchange", pa.repeat(label, table.num_rows))
    return table


def _check_needs(asked: Question) -> None:
    needs = asked.interface.needs
    if needs and not any(name in asked.params for name in needs):
        raise refusals.missing_parameter(needs[0])


def _selected(dataset: Dataset, interface: Interface, params: dict[str, str]) -> QuerySet[Any, Any]:
    """The rows that meet every parameter; one that names no column is ignored, as Tushare does."""
    rows = Wanted(dataset).rows().filter(**dataset.constants)
    rows = rows.filter(to_date=None) if dataset.grouped_by else rows
    fields = {field.source: field for field in dataset.fields}
    day = fields.get(interface.date_column)
    ranged = {"start_date": "gte", "end_date": "lte"} if day else {}
    for name, bound in ranged.items():
        if day and name in params:
            rows = rows.filter(**{f"{day.name}__{bound}": _day(params[name])})
    if "period" in params and "end_date" in fields:
        rows = rows.filter(**{fields["end_date"].name: _day(params["period"])})
    for name, text in params.items():
        if name in fields and name not in ranged and (name not in _CONTROLS or not day):
            rows = rows.filter(**{f"{fields[name].name}__in": _values(fields[name], text)})
    return rows


def _values(field: Field, text: str) -> list[Any]:
    parts = [part.strip() for part in text.split(",")]
    if field.kind == "date":
        return [_day(part) for part in parts]
    if field.kind == "flag":
        return [part == "1" for part in parts]
    if field.kind == "number":
        return [_number(part) / (1 / field.scale) for part in parts]
    return parts


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise refusals.bad_query() from None


def _day(text: str) -> date:
    try:
        if not re.fullmatch(r"\d{8}", text, re.ASCII):
            raise ValueError(text)
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        raise refusals.bad_query() from None


def _order(dataset: Dataset, interface: Interface) -> list[Any]:
    days = [
        interface.date_column,
        dataset.source_of(dataset.date_column) if dataset.date_column in dataset.columns else "",
    ]
    fields = {field.source: field.name for field in dataset.fields}
    newest = [F(fields[day]).desc(nulls_last=True) for day in dict.fromkeys(days) if day in fields]
    return [*newest, *(F(name).asc() for name in dataset.key)]


def _of_periods(dataset: Dataset, asked: Question) -> pa.Table:
    """Weeks and months are put together from the days that are stored."""
    params = asked.params
    if not {"ts_code", "trade_date"}.intersection(params):
        raise refusals.missing_parameter("ts_code")
    start, end = (
        _day(params[name]) if name in params else _day(params["trade_date"]) if "trade_date" in params else None
        for name in ("start_date", "end_date")
    )
    codes = [code.strip() for code in params["ts_code"].split(",")] if "ts_code" in params else None
    bars = bars_table(codes, start, end, "none", PERIODS[asked.api])
    bars = bars.take(pc.sort_indices(bars, [("trade_date", "descending"), ("symbol", "ascending")]))
    return shaped(Selection(dataset, units="tushare"), bars)


def _completed(table: pa.Table, names: list[str]) -> pa.Table:
    """These columns; text that is not there is null, as are columns that nobody stores."""
    columns = []
    for name in names:
        column = table[name] if name in table.column_names else pa.nulls(table.num_rows, pa.string())
        if pa.types.is_string(column.type):
            column = pc.if_else(pc.equal(column, ""), None, column)
        columns.append(column)
    return pa.table(columns, names=names)
