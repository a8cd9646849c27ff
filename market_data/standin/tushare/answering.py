"""From the parameters of a call to the rows that answer it."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from zlib import crc32

import numpy as np

from market_data.standin.market.tables import Frame, IntArray, Keys, Market, ShortArray, Table
from market_data.standin.tushare import refusals
from market_data.standin.tushare.interfaces import PRICES
from market_data.standin.tushare.questions import MAX_OFFSET, Question
from market_data.standin.tushare.rules import Rules

CONTROLS = {"limit", "offset", "ts_type_name"}
BAR_INTERFACES = {"daily", "daily_basic"}
LAST_DAY = 99991231


def answer(market: Market, rules: Rules, asked: Question) -> Frame:
    """The rows asked for, newest first. Raises Refusal for a question that Tushare does not answer."""
    table = market.tables[asked.api]
    _check_params(asked)
    rows = _not_yet_there(rules, asked.api, table.keys, _matching(table, asked))
    rows, has_more = _cut(rows, asked, rules.cap.get(asked.api, asked.interface.cap))
    has_more = has_more and not rules.hides_more
    names = _fields(table, asked)
    frame = Frame(names, [_cells(table, name, rows) for name in names], has_more)
    return _restated(rules, asked.api, table.keys.dates[rows], frame)


def _check_params(asked: Question) -> None:
    interface = asked.interface
    if interface.needs and not any(name in asked.params for name in interface.needs):
        raise refusals.missing_parameter(interface.needs[0])
    if interface.one_symbol and "," in asked.params.get("ts_code", ""):
        raise refusals.bad_query()


def _matching(table: Table, asked: Question) -> IntArray:
    """The rows that meet every parameter; one that names no column is ignored, as Tushare does."""
    params = {**asked.interface.defaults, **asked.params}
    period = params.pop("period", None)
    dated = asked.interface.date_column in table.columns
    first, last = _period(params) if dated else (0, LAST_DAY)
    used = {"ts_code", *CONTROLS, *(("trade_date", "start_date", "end_date") if dated else ())}
    codes = [code.strip() for code in params["ts_code"].split(",")] if "ts_code" in params else None
    rows = table.keys.rows(codes if "ts_code" in table.columns else None, first, last)
    if period and "end_date" in table.columns:
        rows = _equal(table, "end_date", period, rows)
    for name in params.keys() & table.columns.keys() - used:
        rows = _equal(table, name, params[name], rows)
    return rows


def _period(params: Mapping[str, str]) -> tuple[int, int]:
    start, end = _day(params.get("start_date", "0")), _day(params.get("end_date", str(LAST_DAY)))
    if "trade_date" not in params:
        return start, end
    day = _day(params["trade_date"])
    return max(start, day), min(end, day)


def _day(text: str) -> int:
    # Tushare misreads a day with dashes; saying so serves whoever tests against this better.
    if text != "0" and not re.fullmatch(r"\d{8}", text, re.ASCII):
        raise refusals.bad_query()
    return int(text)


def _equal(table: Table, name: str, value: str, rows: IntArray) -> IntArray:
    wanted = (json.dumps(value), value)
    matches = [text in wanted for text in table.columns[name](rows)]
    return rows[np.flatnonzero(matches)]


def _not_yet_there(rules: Rules, api: str, keys: Keys, rows: IntArray) -> IntArray:
    """Take out what the rules hold back of the bars."""
    if api not in BAR_INTERFACES:
        return rows
    for day, share in {**dict.fromkeys(rules.late, 0.0), **rules.partial}.items():
        there = np.array([crc32(f"{code}{day}".encode()) < share * 2**32 for code in keys.codes], bool)
        rows = rows[(keys.dates[rows] != int(day)) | there[keys.symbols[rows]]]
    return rows


def _cut(rows: IntArray, asked: Question, cap: int) -> tuple[IntArray, bool]:
    try:
        offset, limit = int(asked.params.get("offset", 0)), int(asked.params.get("limit", cap))
    except ValueError:
        raise refusals.bad_query() from None
    if not 0 <= offset <= MAX_OFFSET or limit < 0:
        raise refusals.bad_query()
    end = offset + min(limit, cap)
    return rows[offset:end], len(rows) > end


def _fields(table: Table, asked: Question) -> list[str]:
    interface = asked.interface
    known = {*interface.shown, *interface.hidden, *table.columns}
    names = [name for name in asked.fields if name in known] if asked.fields else interface.shown or table.columns
    if not names:
        raise refusals.bad_query()
    return list(names)


def _cells(table: Table, name: str, rows: IntArray) -> list[str]:
    column = table.columns.get(name)
    return column(rows) if column else ["null"] * len(rows)


def _restated(rules: Rules, api: str, dates: ShortArray, frame: Frame) -> Frame:
    """Multiply the prices of the days that the provider has corrected."""
    if api not in BAR_INTERFACES or not rules.restate:
        return frame
    factors = [rules.restate.get(str(date), 1) for date in dates.tolist()]
    cells = [
        [_times(text, factor) for text, factor in zip(column, factors, strict=True)] if name in PRICES else column
        for name, column in zip(frame.fields, frame.cells, strict=True)
    ]
    return replace(frame, cells=cells)


def _times(text: str, factor: float) -> str:
    return text if factor == 1 or text == "null" else repr(round(float(text) * factor, 2))
