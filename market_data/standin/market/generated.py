"""A made-up market: a pure function of its size, seed and last day."""

from collections.abc import Callable

import numpy as np

from market_data.standin.market.bars import Bars, make_bars
from market_data.standin.market.calendar import calendar_table, read_calendar
from market_data.standin.market.extras import extra_tables, mean_price
from market_data.standin.market.grid import Grid, make_grid, numbers
from market_data.standin.market.reports import report_tables
from market_data.standin.market.stocks import FloatArray, Stocks, make_stocks, stock_table
from market_data.standin.market.tables import Column, IntArray, Market, ShortArray, Texts, stored, texts

HALT_TIMING = '"09:30-10:00"'


def generate_market(stocks: int, days: int, seed: int, end: str) -> Market:
    """Make up `days` sessions up to `end` (YYYYMMDD) of so many stocks. Raises ValueError for days without calendar."""
    if stocks < 1 or days < 1:
        raise ValueError("a market needs at least one stock and one day")
    rng = np.random.default_rng(seed)
    calendar = read_calendar(days, end)
    drawn = make_stocks(stocks, calendar, rng)
    bars = make_bars(drawn, days, rng)
    traded = make_grid(bars.listed & ~bars.suspended, drawn, calendar)
    listed = make_grid(bars.listed, drawn, calendar)
    stopped = make_grid(bars.suspended | bars.halted, drawn, calendar)
    tables = {
        "stock_basic": stock_table(drawn, calendar),
        "trade_cal": calendar_table(calendar),
        "daily": traded.table(_daily(traded, bars)),
        "adj_factor": listed.table({"adj_factor": numbers("%.3f", lambda rows: listed.at(bars.factor, rows) / 1000)}),
        "daily_basic": traded.table(_daily_basic(traded, bars, drawn)),
        "suspend_d": stopped.table(_suspend_d(stopped, bars)),
        **extra_tables(drawn, bars, calendar, traded, listed),
        **report_tables(drawn, end),
    }
    return Market(tables, made_up=True)


def _price_texts(highest: int) -> Texts:
    # Negative indices count from the end, which is where the negative prices stand.
    return texts(f"{cents / 100:.2f}" for cents in (*range(highest + 1), *range(-highest, 0)))


def _daily(grid: Grid, bars: Bars) -> dict[str, Column]:
    written = _price_texts(int(bars.high.max()))
    at = grid.at

    def price(matrix: ShortArray) -> Column:
        return lambda rows: written[at(matrix, rows)].tolist()

    def change(rows: IntArray) -> ShortArray:
        difference: ShortArray = at(bars.close, rows) - at(bars.pre_close, rows)
        return difference

    def amount(rows: IntArray) -> FloatArray:
        return at(bars.volume, rows) / 100_000 * mean_price(grid, bars, rows)

    return {
        "open": price(bars.open),
        "high": price(bars.high),
        "low": price(bars.low),
        "close": price(bars.close),
        "pre_close": price(bars.pre_close),
        "change": lambda rows: written[change(rows)].tolist(),
        "pct_chg": numbers("%.4f", lambda rows: 100 * change(rows) / at(bars.pre_close, rows)),
        "vol": numbers("%.2f", lambda rows: at(bars.volume, rows) / 100),
        "amount": numbers("%.3f", amount),
    }


def _daily_basic(grid: Grid, bars: Bars, stocks: Stocks) -> dict[str, Column]:
    def close(rows: IntArray) -> FloatArray:
        return grid.at(bars.close, rows) / 100

    def volume(rows: IntArray) -> FloatArray:
        return grid.at(bars.volume, rows) / 100

    def of(values: FloatArray, rows: IntArray) -> FloatArray:
        return values[grid.keys.symbols[rows]]

    def per(values: FloatArray, quantity: Callable[[IntArray], FloatArray], template: str = "%.4f") -> Column:
        return numbers(template, lambda rows: quantity(rows) / of(values, rows))

    def constant(values: FloatArray) -> Column:
        written = texts(f"{value:.4f}" for value in values.tolist())
        return lambda rows: written[grid.keys.symbols[rows]].tolist()

    def worth(shares: FloatArray) -> Column:
        return numbers("%.4f", lambda rows: close(rows) * of(shares, rows))

    return {
        "close": numbers("%.2f", close),
        "turnover_rate": per(stocks.float_share, volume),
        "turnover_rate_f": per(stocks.free_share, volume),
        "volume_ratio": per(bars.mean_volume / 100, volume, "%.2f"),
        "pe": per(_profits(stocks.eps), close),
        "pe_ttm": per(_profits(stocks.eps_ttm), close),
        "pb": per(stocks.bps, close),
        "ps": per(stocks.sps, close),
        "ps_ttm": per(stocks.sps, close),
        "dv_ratio": constant(stocks.dividend),
        "dv_ttm": constant(stocks.dividend),
        "total_share": constant(stocks.total_share),
        "float_share": constant(stocks.float_share),
        "free_share": constant(stocks.free_share),
        "total_mv": worth(stocks.total_share),
        "circ_mv": worth(stocks.float_share),
    }


def _profits(eps: FloatArray) -> FloatArray:
    return np.where(eps > 0, eps, np.nan)


def _suspend_d(grid: Grid, bars: Bars) -> dict[str, Column]:
    timing = np.where(grid.at(bars.halted, np.arange(len(grid.places))), HALT_TIMING, "null").astype(object)
    return {"suspend_timing": stored(timing), "suspend_type": stored(np.full(len(timing), '"S"', object))}
