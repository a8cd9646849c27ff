"""Small markets for tests, written as the folder of files that the stand-in serves."""

import csv
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

BASIC = "ts_code,symbol,name,area,industry,fullname,enname,cnspell,market,exchange,curr_type,list_status,list_date"
BASIC_FIELDS = [*BASIC.split(","), "delist_date", "is_hs"]
BARS = "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount"
BAR_FIELDS = BARS.split(",")
VALUES = (
    "ts_code,trade_date,close,turnover_rate,turnover_rate_f,volume_ratio,pe,pe_ttm,pb,ps,ps_ttm,dv_ratio,dv_ttm,"
    "total_share,float_share,free_share,total_mv,circ_mv"
)
VALUE_FIELDS = VALUES.split(",")


def weekdays(first: date, last: date) -> list[date]:
    """The trading days of a world without holidays."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5]


class World:
    """A folder of `<api_name>.csv` for `count` stocks, the first day to the last; the calendar may go on without
    trading until `known_until`.

    `suspended` and `absent` are (symbol, day): in the list of suspensions, and simply not there.
    """

    def __init__(self, folder: Path, count: int, first: date, last: date) -> None:
        self.folder = folder
        self.symbols = [f"{600000 + n}.SH" for n in range(count)]
        self.days = weekdays(first, last)
        self.first, self.last = first, last
        self.suspended: set[tuple[str, date]] = set()
        self.absent: set[tuple[str, date]] = set()
        self.listed: dict[str, date] = dict.fromkeys(self.symbols, first)
        self.delisted: dict[str, date] = {}
        self.unlisted: set[str] = set()
        self.known_until = last

    def cells(self) -> list[tuple[str, date]]:
        """Who has a bar on which day, ascending."""
        return [
            (symbol, day)
            for symbol in self.symbols
            for day in self.days
            if self.listed[symbol] <= day < self.delisted.get(symbol, date.max)
            and (symbol, day) not in self.suspended | self.absent
        ]

    def write(self) -> "World":
        """Write every file; call again after a change."""
        self.folder.mkdir(exist_ok=True)
        cells = self.cells()
        self._file("trade_cal", ["exchange", "cal_date", "is_open", "pretrade_date"], self._calendar())
        self._file("stock_basic", BASIC_FIELDS, map(self._listing, self._named()))
        stops = sorted(self.suspended)
        fields = ["ts_code", "trade_date", "suspend_timing", "suspend_type"]
        self._file("suspend_d", fields, ([s, f"{d:%Y%m%d}", "", "S"] for s, d in stops))
        self._file("daily", BAR_FIELDS, _bars(cells))
        self._file("adj_factor", ["ts_code", "trade_date", "adj_factor"], ([s, f"{d:%Y%m%d}", 1.5] for s, d in cells))
        self._file("daily_basic", VALUE_FIELDS, (_value(s, d) for s, d in cells))
        return self

    def source(self, name: str) -> str:
        """The text of a file, as an export in Tushare's units must be."""
        return (self.folder / f"{name}.csv").read_text(encoding="utf-8")

    def _named(self) -> list[str]:
        return [symbol for symbol in self.symbols if symbol not in self.unlisted]

    def _calendar(self) -> Iterable[list[Any]]:
        before = ""
        for n in range((self.known_until - self.first).days + 1):
            day = self.first + timedelta(days=n)
            yield ["SSE", f"{day:%Y%m%d}", int(day in self.days), before]
            before = f"{day:%Y%m%d}" if day in self.days else before

    def _listing(self, symbol: str) -> list[Any]:
        gone = self.delisted.get(symbol)
        status = "D" if gone else "L"
        start = f"{self.listed[symbol]:%Y%m%d}"
        end = f"{gone:%Y%m%d}" if gone else ""
        return [symbol, symbol[:6], f"Stock {symbol}", "", "", "", "", "", "", "SSE", "CNY", status, start, end, "N"]

    def _file(self, name: str, fields: list[str], rows: Iterable[list[Any]]) -> None:
        with (self.folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(fields)
            writer.writerows(rows)


def _bars(cells: Iterable[tuple[str, date]]) -> Iterable[list[Any]]:
    """Bars that follow on each other; the cells ascend by stock and day."""
    last: dict[str, float] = {}
    for symbol, day in cells:
        yield _bar(symbol, day, last.get(symbol))
        last[symbol] = _close(symbol, day)


def _bar(symbol: str, day: date, before: float | None) -> list[Any]:
    close = _close(symbol, day)
    pre_close = close if before is None else before
    change = round(close - pre_close, 2)
    low, high = round(close - 0.31, 2), round(close + 0.42, 2)
    lots = round(1000.17 + day.toordinal() % 31, 2)
    prices = [close, high, low, close, pre_close, change, round(100 * change / pre_close, 4)]
    return [symbol, f"{day:%Y%m%d}", *prices, lots, round(lots * close / 10, 3)]


def _close(symbol: str, day: date) -> float:
    return round(10 + int(symbol[:6]) % 50 + day.toordinal() % 97 / 100, 2)


def _value(symbol: str, day: date) -> list[Any]:
    close = _close(symbol, day)
    profit = "" if int(symbol[:6]) % 3 == 0 else 12.5
    rest = [0.51, 0.9, 1.1, profit, profit, 1.2, 2.1, 2.2, 0.3, 0.4, 194059.1754, 194055.0653, 81604.8121]
    return [symbol, f"{day:%Y%m%d}", close, *rest, 2175403.43, 2175367.8332]
