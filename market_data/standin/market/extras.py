"""The less usual tables of a made-up market, derived from its bars: nothing is drawn here."""

import json
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from market_data.standin.market.bars import Bars, BoolArray
from market_data.standin.market.calendar import Calendar, compact
from market_data.standin.market.grid import Grid, numbers
from market_data.standin.market.stocks import FloatArray, Stocks
from market_data.standin.market.tables import Column, IntArray, Keys, ShortArray, Table, stored, texts

Quantity = Callable[[IntArray], FloatArray]
SIZES = ("sm", "md", "lg", "elg")
SHARES = np.array([[0.32, 0.29, 0.23, 0.16], [0.27, 0.31, 0.25, 0.17]])
LIMITS = {"主板": 0.1, "创业板": 0.2, "科创板": 0.2, "北交所": 0.3}
INDEXES = ("000001.SH", "000300.SH", "399001.SZ")
RENAMED = 7
"""One stock in so many has had another name before."""


def extra_tables(stocks: Stocks, bars: Bars, calendar: Calendar, traded: Grid, listed: Grid) -> dict[str, Table]:
    return {
        "moneyflow": traded.table(_moneyflow(traded, bars)),
        "stk_limit": listed.table(_limits(listed, bars, stocks)),
        "namechange": _names(stocks),
        "bse_mapping": _moved_codes(stocks),
        "index_daily": _indexes(bars, calendar),
    }


def _moneyflow(grid: Grid, bars: Bars) -> dict[str, Column]:
    """Whole lots and ten thousand yuan at the day's mean price; what is sold is what is bought, in other sizes."""
    columns: dict[str, Column] = {}

    def lots(side: int, size: int, rows: IntArray) -> FloatArray:
        whole: FloatArray = np.rint(grid.at(bars.volume, rows) / 100)
        if size == 0:
            return np.asarray(whole - sum(lots(side, larger, rows) for larger in range(1, len(SIZES))))
        # The sides change with the day's volume, so that some days have an inflow and others an outflow.
        shares = np.where(whole % 2 == 0, SHARES[side, size], SHARES[1 - side, size])
        return np.asarray(np.floor(whole * shares))

    def net(rows: IntArray) -> FloatArray:
        return np.asarray(sum(lots(0, size, rows) - lots(1, size, rows) for size in (2, 3)), np.float64)

    def worth(quantity: Quantity, rows: IntArray) -> FloatArray:
        return np.asarray(quantity(rows) * mean_price(grid, bars, rows) / 10_000)

    sides = enumerate(("buy", "sell"))
    flows: dict[str, Quantity] = {"net_mf": net}
    flows |= {f"{name}_{size}": partial(lots, at, n) for at, name in sides for n, size in enumerate(SIZES)}
    for name, quantity in flows.items():
        columns[f"{name}_vol"] = numbers("%.0f", quantity)
        columns[f"{name}_amount"] = numbers("%.2f", partial(worth, quantity))
    return columns


def mean_price(grid: Grid, bars: Bars, rows: IntArray) -> FloatArray:
    """What a share was worth on average, in cents."""
    return np.asarray(sum(grid.at(matrix, rows) for matrix in (bars.open, bars.high, bars.low, bars.close)) / 4)


def _limits(grid: Grid, bars: Bars, stocks: Stocks) -> dict[str, Column]:
    reach = np.array([LIMITS[board.market] for board in stocks.boards])

    def limit(sign: int, rows: IntArray) -> FloatArray:
        cents = grid.at(bars.pre_close, rows) * (1 + sign * reach[grid.keys.symbols[rows]])
        return np.asarray(np.rint(cents) / 100)

    return {
        "pre_close": numbers("%.2f", lambda rows: grid.at(bars.pre_close, rows) / 100),
        "up_limit": numbers("%.2f", partial(limit, 1)),
        "down_limit": numbers("%.2f", partial(limit, -1)),
    }


def _names(stocks: Stocks) -> Table:
    """The name at the listing, and for some one more since the middle of 2010."""
    rows: list[tuple[str, str, str, str | None, str, str]] = []
    for at, (code, listed) in enumerate(zip(stocks.codes, compact(stocks.list_days), strict=True)):
        renamed = at % RENAMED == 0 and listed < "20100601"
        if renamed:
            rows.append((code, f"原{code[:6]}", listed, "20100630", listed, "新上市"))
        begin, reason = ("20100701", "改名") if renamed else (listed, "新上市")
        rows.append((code, f"模拟{code[:6]}", begin, None, begin, reason))
    rows.sort(key=lambda row: (-int(row[4]), row[0]))
    dates = np.array([int(row[4]) for row in rows], np.int32)
    names = ("ts_code", "name", "start_date", "end_date", "ann_date", "change_reason")
    return table_of(names, rows, keys_of([row[0] for row in rows], dates))


def _moved_codes(stocks: Stocks) -> Table:
    rows = [
        (f"模拟{code[:6]}", code, f"920{code[3:]}", day)
        for code, day, board in zip(stocks.codes, compact(stocks.list_days), stocks.boards, strict=True)
        if board.exchange == "BSE"
    ]
    keys = keys_of([""] * len(rows), np.zeros(len(rows), np.int32))
    return table_of(("name", "o_code", "n_code", "list_date"), rows, keys)


def _indexes(bars: Bars, calendar: Calendar) -> Table:
    """The mean of the stocks' bars as levels, the same for each index."""
    days = compact(calendar.sessions[::-1])
    there = bars.listed & ~bars.suspended
    total = np.maximum(there.sum(axis=1), 1)
    means = {name: _mean(getattr(bars, name), there, total) for name in ("open", "high", "low", "close")}
    before = np.append(means["close"][1:], means["open"][-1])
    volume = (bars.volume * there).sum(axis=1) / 100
    count = len(INDEXES)
    values = {
        **{name: np.repeat(mean, count) for name, mean in means.items()},
        "pre_close": np.repeat(before, count),
        "change": np.repeat(means["close"] - before, count),
        "pct_chg": np.repeat(100 * (means["close"] / before - 1), count),
        "vol": np.repeat(volume, count),
        "amount": np.repeat(volume * means["close"] / 1000, count),
    }
    keys = keys_of([*INDEXES] * len(days), np.repeat(np.array(days, np.int32), count))
    columns: dict[str, Column] = {
        "ts_code": stored(texts(f'"{code}"' for _ in days for code in INDEXES)),
        "trade_date": stored(texts(f'"{day}"' for day in days for _ in INDEXES)),
        **{name: stored(texts(f"{value:.4f}" for value in column.tolist())) for name, column in values.items()},
    }
    return Table(keys, columns)


def _mean(matrix: ShortArray, there: BoolArray, count: IntArray) -> FloatArray:
    """The mean over the stocks that traded, in cents: about what an index has in points."""
    return np.asarray((matrix * there).sum(axis=1) / count)


def keys_of(codes: Sequence[str], dates: ShortArray) -> Keys:
    known, symbols = np.unique(np.array(codes), return_inverse=True)
    return Keys([str(code) for code in known], symbols.astype(np.int32), dates)


def table_of(names: Sequence[str], rows: Sequence[Sequence[str | None]], keys: Keys) -> Table:
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return Table(keys, {n: stored(texts(map(json.dumps, column))) for n, column in zip(names, columns, strict=True)})
