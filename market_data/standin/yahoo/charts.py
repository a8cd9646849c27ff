"""Daily bars of symbols as Yahoo has them: read from files as yfinance writes them, or made up from a seed."""

import csv
import gzip
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

SESSIONS_A_QUARTER = 63
PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Exchange:
    """Where a symbol trades: its time zone, currency, and hours."""

    timezone: str
    currency: str
    opens: time = time(9, 30)
    closes: time = time(16)

    def moment(self, day: date, at: time) -> int:
        """Seconds since the epoch of a wall clock at the exchange."""
        return int(datetime.combine(day, at, ZoneInfo(self.timezone)).timestamp())


_NEW_YORK = Exchange("America/New_York", "USD")
_BY_SUFFIX = {
    ".SS": Exchange("Asia/Shanghai", "CNY", closes=time(15)),
    ".SZ": Exchange("Asia/Shanghai", "CNY", closes=time(15)),
    ".HK": Exchange("Asia/Hong_Kong", "HKD"),
    ".L": Exchange("Europe/London", "GBp", time(8), time(16, 30)),
    ".DE": Exchange("Europe/Berlin", "EUR", time(9), time(17, 30)),
    ".T": Exchange("Asia/Tokyo", "JPY", time(9), time(15, 30)),
    "-USD": Exchange("UTC", "USD", time(0), time(23, 59)),
}


def exchange_of(symbol: str) -> Exchange:
    """By the end of the symbol; New York where nothing else is known."""
    return next((exchange for suffix, exchange in _BY_SUFFIX.items() if symbol.endswith(suffix)), _NEW_YORK)


@dataclass(frozen=True)
class Bar:
    """A day's prices after later splits and before dividends. A price of None was not there."""

    day: date
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    adj_close: float | None
    volume: float | None
    dividend: float = 0.0
    split: float = 0.0


@dataclass(frozen=True)
class Chart:
    """A symbol's bars, ascending."""

    symbol: str
    bars: tuple[Bar, ...]

    @property
    def exchange(self) -> Exchange:
        return exchange_of(self.symbol)


@dataclass
class ChartMarket:
    """What a stand-in answers from. Either may be changed at any time."""

    charts: dict[str, Chart]
    made_up: bool = False


def read_charts(folder: Path) -> dict[str, Chart]:
    """Read `<SYMBOL>.csv[.gz]`, with the columns that yfinance writes. Raises ValueError where there is none."""
    files = sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")])
    if not files:
        raise ValueError(f"{folder} holds no .csv or .csv.gz file")
    names = [path.name.removesuffix(".gz").removesuffix(".csv") for path in files]
    return {name: read_chart(name, path) for name, path in zip(names, files, strict=True)}


def read_chart(symbol: str, path: Path) -> Chart:
    """Read a file with Date, Open, High, Low, Close and Volume, and, where it has them, Adj Close and the events."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return Chart(symbol, tuple(_bar(row) for row in csv.DictReader(file)))


def _bar(row: dict[str, str]) -> Bar:
    return Bar(
        day=date.fromisoformat(row["Date"][:10]),
        open=_number(row["Open"]),
        high=_number(row["High"]),
        low=_number(row["Low"]),
        close=_number(row["Close"]),
        adj_close=_number(row.get("Adj Close", row["Close"])),
        volume=_number(row["Volume"]),
        dividend=_number(row.get("Dividends", "")) or 0.0,
        split=_number(row.get("Stock Splits", "")) or 0.0,
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


def generate_charts(symbols: Iterable[str], days: int, seed: int, last_day: date) -> dict[str, Chart]:
    """Random walks over the weekdays up to a day: a dividend each quarter, and a split halfway."""
    sessions = _weekdays(days, last_day)
    return {symbol: Chart(symbol, _walk(random.Random(f"{seed}/{symbol}"), sessions)) for symbol in symbols}


def _weekdays(count: int, last_day: date) -> list[date]:
    found: list[date] = []
    while len(found) < count:
        found += [last_day] if last_day.weekday() < 5 else []
        last_day -= timedelta(days=1)
    return found[::-1]


def _walk(drawn: random.Random, sessions: list[date]) -> tuple[Bar, ...]:
    close = 20 + 200 * drawn.random()
    bars: list[Bar] = []
    for at, day in enumerate(sessions):
        pays, splits = at % SESSIONS_A_QUARTER == SESSIONS_A_QUARTER - 1, at == len(sessions) // 2
        opened = round(close * (0.99 + 0.02 * drawn.random()), 2)
        close = round(opened * (0.98 + 0.0402 * drawn.random()), 2)
        high, low = round(max(opened, close) * 1.01, 2), round(min(opened, close) * 0.99, 2)
        dividend = round(close * 0.004, 2) if pays else 0.0
        bars.append(Bar(day, opened, high, low, close, close, drawn.randrange(10**5, 10**7), dividend, 2.0 * splits))
    return _with_adjusted_closes(bars)


def _with_adjusted_closes(bars: list[Bar]) -> tuple[Bar, ...]:
    """Yahoo's own: every close before an ex-date is lowered by the dividend's share of the close before it."""
    factor, adjusted = 1.0, []
    for bar, before in zip(reversed(bars), [*reversed(bars[:-1]), None], strict=True):
        close = bar.close or 0.0
        prices = (bar.open, bar.high, bar.low, bar.close)
        adjusted.append(Bar(bar.day, *prices, close * factor, bar.volume, bar.dividend, bar.split))
        if before is not None and before.close:
            factor *= 1 - bar.dividend / before.close
    return tuple(reversed(adjusted))
