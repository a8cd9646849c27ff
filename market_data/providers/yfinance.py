"""Yahoo Finance, through the `yfinance` package."""

import threading
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import yfinance
from yfinance.data import YfData
from yfinance.utils import is_isin

from market_data.exceptions import BadPayload, NoData
from market_data.providers.base import Answer, Call
from market_data.providers.door import Door
from market_data.providers.yfinance_errors import translated
from market_data.providers.yfinance_sessions import Passage, session_through
from market_data.providers.yfinance_symbols import to_yahoo

T = TypeVar("T")
PRICES = ["Open", "High", "Low", "Close"]
EVENTS = ["Dividends", "Stock Splits"]
LATEST_QUOTE = pd.Timedelta(minutes=30)
"""By how much Yahoo's quotes lag behind the market at most; the package reckons with the same."""


class YFinanceProvider:
    """Yahoo behind its rate limit. `url` is a stand-in's address, or empty for Yahoo itself.

    Asked for one symbol (`ts_code`) from `start_date` to `end_date` (YYYYMMDD, both included), it answers with the
    columns Symbol, Date, Open, High, Low, Close, Volume, Dividends, Stock Splits and Currency. Prices are
    adjusted for splits and not for dividends, in the unit that Currency names (GBp: pence); volume is in shares. A
    day is there once its session is over.
    """

    name = "yfinance"

    def __init__(self, door: Door, account: str, url: str, cache_folder: Path, timeout: float) -> None:
        self.account = account
        self._door = door
        self._passage = Passage(door, timeout)
        self._session = session_through(self._passage, url)
        # The package has one session and one cache for the process.
        self._lock = threading.Lock()
        # It turns its own deprecation warnings on, which tell nothing to whoever runs this.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")
        yfinance.config.debug.hide_exceptions = False
        yfinance.set_tz_cache_location(str(cache_folder))

    @property
    def calls(self) -> int:
        return self._door.calls

    def ask(self, call: Call, use: Callable[[Answer], T]) -> T:
        with self._lock:
            answer = self._ask(call)
        return use(answer)

    def stop(self) -> None:
        self._door.stop()

    def close(self) -> None:
        self._door.close()
        self._session.close()

    def quota(self) -> tuple[int, int]:
        return self._door.quota()

    def _ask(self, call: Call) -> Answer:
        symbol = call.params["ts_code"]
        start, end = (date.fromisoformat(call.params[name]) for name in ("start_date", "end_date"))
        span = f"from {start} to {end}"
        with translated(symbol, span, lambda: self._passage.chart):
            frame, about = self._history(to_yahoo(symbol), start, end)
            frame = _without_untraded(_without_open_session(frame, about))
            if frame.empty:
                raise NoData(f"Yahoo has no prices of {symbol} {span}.")
            return _answer(frame, symbol, about["currency"] or "", made_up=self._passage.made_up)

    def _history(self, symbol: str, start: date, end: date) -> tuple[pd.DataFrame, Any]:
        """The bars, and what Yahoo says about the symbol. The package takes the end as the first day left out."""
        if is_isin(symbol):
            raise NoData(f"{symbol} is an ISIN, which Yahoo has no bars by; name the symbol instead.")
        ticker = yfinance.Ticker(symbol, session=self._session)
        # The package keeps the answers about past days, refusals too: asked again, it would send nothing.
        YfData().cache_get.cache_clear()
        frame = ticker.history(start=start, end=end + timedelta(days=1), auto_adjust=False, actions=True)
        about = ticker.history_metadata
        if about["symbol"] != symbol:
            raise BadPayload(f"Yahoo answered about {about['symbol']} when it was asked for {symbol}.")
        return frame, about


def _without_open_session(frame: pd.DataFrame, about: Any) -> pd.DataFrame:
    """Without the day whose session goes on: its prices are not final."""
    session = about["currentTradingPeriod"]["regular"]
    if pd.Timestamp.now("UTC") >= session["end"] + LATEST_QUOTE:
        return frame
    return frame[[moment.date() < session["start"].date() for moment in frame.index]]


def _without_untraded(frame: pd.DataFrame) -> pd.DataFrame:
    """Without days that have neither a price nor a dividend or split."""
    return frame[frame[PRICES].notna().any(axis=1) | (frame[EVENTS] != 0).any(axis=1)]


def _answer(frame: pd.DataFrame, symbol: str, currency: str, *, made_up: bool) -> Answer:
    """The frame's columns. Its index holds midnights in the time zone of the exchange."""
    rows = len(frame)
    same = {"Symbol": [symbol] * rows, "Currency": [currency] * rows}
    days = [f"{moment:%Y%m%d}" for moment in frame.index]
    numbers = {name: frame[name].tolist() for name in (*PRICES, "Volume", *EVENTS)}
    # Of old days Yahoo knows no open, and writes 0.
    numbers["Open"] = [price or None for price in numbers["Open"]]
    return Answer({**same, "Date": days, **numbers}, rows, made_up=made_up)
