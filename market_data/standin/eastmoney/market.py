"""What Eastmoney knows of a market beyond its bars: derived from the bars, the same for the same market."""

import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from zlib import crc32

from market_data.standin.market.tables import Market, Table

Row = dict[str, Any]
RECENT_DAYS = 30
FLOW_DAYS = 120
CONCEPTS = ("融资融券", "机器人", "低空经济", "可燃冰", "绿色电力", "跨境支付", "脑机接口")
REGIONS = ("北京板块", "上海板块", "浙江板块")
INDUSTRIES = ("银行", "半导体", "中药", "电池", "软件开发")
_SUFFIX_OF_MARKET = {"1": (".SH",), "0": (".SZ", ".BJ")}


@dataclass(frozen=True)
class EastmoneyMarket:
    """A market's rows, as dicts with Tushare's names."""

    market: Market

    def bars(self, secid: str, start: str, end: str) -> list[Row]:
        """The bars of `1.600000`, ascending; none where Eastmoney does not know the security."""
        symbol = self.symbol(secid)
        return list(reversed(self._rows("daily", [symbol], start, end))) if symbol else []

    def symbol(self, secid: str) -> str:
        """`1.600000` as 600000.SH; an empty text where there is none."""
        place, _, code = secid.partition(".")
        known = [f"{code}{suffix}" for suffix in _SUFFIX_OF_MARKET.get(place, ())]
        return next((symbol for symbol in known if symbol in self._daily.keys.positions), "")

    def day(self, day: str) -> list[Row]:
        """The bars of a day, the greatest gains first."""
        return sorted(self._rows("daily", None, day, day), key=lambda row: (-row["pct_chg"], row["ts_code"]))

    def name(self, symbol: str) -> str:
        return self._names.get(symbol, symbol)

    def is_recent(self, day: str) -> bool:
        """Whether it is one of the days of which Eastmoney still shows the limit-ups."""
        return day in self._days[:RECENT_DAYS]

    @property
    def today(self) -> date:
        """The latest day with bars."""
        return date.fromisoformat(self._days[0])

    @cached_property
    def sessions(self) -> list[date]:
        """The trading days, ascending."""
        rows = self._rows("trade_cal", None, "0", "99999999")
        return sorted({date.fromisoformat(str(row["cal_date"])) for row in rows if row["is_open"]})

    @cached_property
    def members(self) -> dict[str, list[str]]:
        """The symbols in each concept board, by its code."""
        symbols = [symbol for symbol in self._daily.keys.codes if symbol]
        return {
            code: [s for s in symbols if part(f"{code}{s}") < 0.3] or symbols[:1]
            for code in board_codes("concept", CONCEPTS)
        }

    @property
    def _daily(self) -> Table:
        return self.market.tables["daily"]

    @cached_property
    def _days(self) -> list[str]:
        return [str(day) for day in sorted(set(self._daily.keys.dates.tolist()), reverse=True)]

    @cached_property
    def _names(self) -> dict[str, str]:
        rows = self._rows("stock_basic", None, "0", "99999999")
        return {row["ts_code"]: row["name"] for row in rows}

    def _rows(self, api: str, codes: list[str] | None, start: str, end: str) -> list[Row]:
        """Newest first."""
        table = self.market.tables[api]
        rows = table.keys.rows(codes, int(start), int(end))
        cells = [column(rows) for column in table.columns.values()]
        return [dict(zip(table.columns, map(json.loads, row), strict=True)) for row in zip(*cells, strict=True)]


def part(text: str) -> float:
    """A number from 0 to 1 that looks drawn and is always the same for a text."""
    return crc32(text.encode()) / 2**32


def board_codes(kind: str, names: tuple[str, ...]) -> list[str]:
    first = {"industry": 420, "concept": 655, "region": 145}[kind]
    return [f"BK{first + n:04d}" for n in range(len(names))]
