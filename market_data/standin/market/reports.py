"""Reports and concepts of a made-up market, derived from its stocks: nothing is drawn here."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from market_data.providers.tushare_fields import DEFAULT, HIDDEN
from market_data.standin.market.calendar import compact
from market_data.standin.market.extras import keys_of, table_of
from market_data.standin.market.stocks import FloatArray, Stocks
from market_data.standin.market.tables import Column, IntArray, Keys, Table

QUARTERS = 24
CONCEPTS = ("人工智能", "芯片", "新能源", "创新药", "军工", "白酒", "机器人", "低空经济")
STATEMENTS = ("income", "balancesheet", "cashflow")
DAYS_TO_ANNOUNCE = {3: 25, 6: 55, 9: 25, 12: 85}
Days = npt.NDArray[np.datetime64]


def report_tables(stocks: Stocks, end: str) -> dict[str, Table]:
    """The last six years of quarters that were announced by the last day; the `_vip` interfaces answer the same."""
    symbols, quarters, announced = _reports(stocks, end)
    tables = {"fina_indicator": _figures("fina_indicator", stocks, symbols, quarters, announced, by_quarter=True)}
    tables |= {name: _figures(name, stocks, symbols, quarters, announced, by_quarter=False) for name in STATEMENTS}
    tables |= {f"{name}_vip": table for name, table in tables.items()}
    return tables | {"disclosure_date": _disclosures(stocks, symbols, quarters, announced), **_concepts(stocks)}


def _reports(stocks: Stocks, end: str) -> tuple[IntArray, Days, Days]:
    """Stock, quarter and day of announcement of each report."""
    last = np.datetime64(f"{end[:4]}-{end[4:6]}-{end[6:]}")
    months = np.arange(last.astype("datetime64[M]") - 3 * QUARTERS, last.astype("datetime64[M]") + 1)
    ends = months[(months.astype(int) + 1) % 3 == 0]
    ended = (ends + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    delays = np.array([DAYS_TO_ANNOUNCE[int(str(day)[5:7])] for day in ended], "timedelta64[D]")
    # Not all on one day: companies spread over three weeks.
    spread = (np.arange(len(stocks.codes)) * 7 % 21).astype("timedelta64[D]")
    out = (ended + delays)[None, :] - spread[:, None]
    listed = stocks.list_days.astype("datetime64[D]")
    symbols, at = np.nonzero((out <= last) & (ended[None, :] >= listed[:, None]))
    return symbols, ended[at], out[symbols, at]


def _figures(
    name: str, stocks: Stocks, symbols: IntArray, quarters: Days, announced: Days, *, by_quarter: bool
) -> Table:
    dates = quarters if by_quarter else announced
    order = np.lexsort((symbols, -dates.astype(int)))
    symbols, quarters, announced = symbols[order], quarters[order], announced[order]
    written = np.array([int(day) for day in compact(dates[order])], np.int32)
    columns: dict[str, Column] = {
        field: partial(_value, stocks, symbols, quarters, at) for at, field in enumerate(DEFAULT[name] + HIDDEN[name])
    }
    if name == "balancesheet":
        columns["total_assets"] = partial(_sum, [columns["total_liab"], columns["total_hldr_eqy_inc_min_int"]])
    columns |= {"ann_date": _days(announced), "f_ann_date": _days(announced), "end_date": _days(quarters)}
    columns |= {"report_type": _constant("1"), "comp_type": _constant("1"), "end_type": _constant("4")}
    columns |= {"ts_code": _codes(stocks, symbols), "update_flag": _constant("0")}
    known = {field: columns[field] for field in ("ts_code", *DEFAULT[name], *HIDDEN[name])}
    return Table(Keys(stocks.codes, symbols.astype(np.int32), written), known)


def _value(stocks: Stocks, symbols: IntArray, quarters: Days, field: int, rows: IntArray) -> list[str]:
    """A figure that differs by stock, quarter and field, and is now and then not there."""
    who, when = symbols[rows], quarters[rows].astype("datetime64[M]").astype(int)
    numbers: FloatArray = stocks.eps[who] * (1 + when % 7 / 10) * (1 + field) + when % 5
    missing = (who + when + field) % 11 == 0
    return [
        "null" if gone else f"{number:.4f}" for number, gone in zip(numbers.tolist(), missing.tolist(), strict=True)
    ]


def _sum(parts: Sequence[Column], rows: IntArray) -> list[str]:
    """What the parts come to, where none of them is missing."""
    values = zip(*(part(rows) for part in parts), strict=True)
    return ["null" if "null" in row else f"{sum(map(float, row)):.4f}" for row in values]


def _days(days: Days) -> Column:
    return lambda rows: [f'"{day}"' for day in compact(days[rows])]


def _codes(stocks: Stocks, symbols: IntArray) -> Column:
    written = np.array([f'"{code}"' for code in stocks.codes], object)
    return lambda rows: written[symbols[rows]].tolist()


def _constant(text: str) -> Callable[[IntArray], list[str]]:
    return lambda rows: [f'"{text}"'] * len(rows)


def _disclosures(stocks: Stocks, symbols: IntArray, quarters: Days, announced: Days) -> Table:
    rows = [
        (stocks.codes[symbol], out, quarter, out, out, None)
        for symbol, quarter, out in zip(symbols.tolist(), compact(quarters), compact(announced), strict=True)
    ]
    names = ("ts_code", "ann_date", "end_date", "pre_date", "actual_date", "modify_date")
    return _undated(names, rows)


def _concepts(stocks: Stocks) -> dict[str, Table]:
    """Every stock is in one or two concepts."""
    boards = [(f"{885001 + at}.TI", name) for at, name in enumerate(CONCEPTS)]
    index = [(code, name, "A", "N", "20100104") for code, name in boards]
    members = [
        (code, symbol, f"模拟{symbol[:6]}")
        for at, (code, _) in enumerate(boards)
        for number, symbol in enumerate(stocks.codes)
        if at in (number % len(boards), number * 3 % len(boards))
    ]
    return {
        "ths_index": _undated(("ts_code", "name", "exchange", "type", "list_date"), index),
        "ths_member": _undated(("ts_code", "con_code", "con_name"), members),
    }


def _undated(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Table:
    return table_of(names, rows, keys_of([str(row[0]) for row in rows], np.zeros(len(rows), np.int32)))
