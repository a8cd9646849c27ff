"""Asking the database for the bars of symbols of any market."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import QuerySet

from market_data.frames import np, pd
from market_data.models import GlobalBar

COLUMNS = ("symbol", "trade_date", "open", "high", "low", "close", "volume", "dividends", "splits", "currency")


def global_bars(
    symbols: Iterable[str], start: date | None = None, end: date | None = None
) -> QuerySet[GlobalBar, GlobalBar]:
    """The stored bars of these symbols, ascending by symbol and day. Dates None: from the first, to the last."""
    bars = GlobalBar.objects.filter(symbol__in=list(symbols))
    bars = bars.filter(trade_date__gte=start) if start else bars
    bars = bars.filter(trade_date__lte=end) if end else bars
    return bars.order_by("symbol", "trade_date")


def adjusted_bars(symbols: Iterable[str], start: date | None = None, end: date | None = None) -> pd.DataFrame:
    """The bars as a frame with the stored columns and `adj_close`, ascending by symbol and day.

    Prices are adjusted for splits; `adj_close` is adjusted for dividends too, as of the last day of the frame:
    dividends after it are not in it. A missing number is NaN.
    """
    frame = pd.DataFrame(global_bars(symbols, start, end).values_list(*COLUMNS), columns=list(COLUMNS))
    for name in ("open", "high", "low", "close", "volume", "dividends", "splits"):
        frame[name] = frame[name].astype("float64")
    factors = [_factors(bars) for _, bars in frame.groupby("symbol", sort=False)]
    frame["adj_close"] = frame["close"] * (np.concatenate(factors) if factors else 1.0)
    return frame


def _factors(bars: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What closes are multiplied by: for every later ex-date, 1 - dividend / close before it, as Yahoo does it."""
    before = bars["close"].ffill().shift()
    steps = (1 - bars["dividends"].fillna(0) / before).fillna(1.0).to_numpy()
    from_here_on = np.cumprod(steps[::-1])[::-1]
    return np.append(from_here_on[1:], 1.0)
