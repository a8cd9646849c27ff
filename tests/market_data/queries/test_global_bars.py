"""Adjusted closes of symbols of any market, against those that Yahoo published."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from market_data.models import GlobalBar
from market_data.queries.global_bars import adjusted_bars, global_bars

pytestmark = pytest.mark.django_db
WITH_EVENTS = ("yahoo_chart_api/*.csv.gz", "yfinance_repair_cases/*-fixed.csv.gz", "yfinance_repair_cases/*-no-bad-*")
"""Published history with its dividends. The twins of the `-fixed` files are what Yahoo once had wrong."""


def bar(day: int, close: float | None, dividend: float | None = 0.0, symbol: str = "AAPL") -> GlobalBar:
    return GlobalBar(symbol=symbol, trade_date=date(2024, 1, day), close=close, dividends=dividend, splits=0.0)


def test_closes_before_an_ex_date_are_lowered_by_the_dividends_share_of_the_close_before() -> None:
    GlobalBar.objects.bulk_create([bar(2, 10.0), bar(3, 8.0), bar(4, 9.0, 2.0), bar(5, 9.5)])
    assert adjusted_bars(["AAPL"])["adj_close"].tolist() == [7.5, 6.0, 9.0, 9.5]


def test_a_dividend_on_a_day_without_a_price_counts_all_the_same() -> None:
    GlobalBar.objects.bulk_create([bar(2, 8.0), bar(3, None, 2.0), bar(4, 7.0, None)])
    adjusted = adjusted_bars(["AAPL"])["adj_close"]
    assert (adjusted[0], adjusted[2], np.isnan(adjusted[1])) == (6.0, 7.0, True)


def test_symbols_are_adjusted_apart_as_of_the_last_day_of_the_frame() -> None:
    GlobalBar.objects.bulk_create([bar(2, 10.0), bar(3, 8.0, 5.0), bar(2, 4.0, 1.0, "MSFT"), bar(3, 4.0, 0.0, "MSFT")])
    assert adjusted_bars(["MSFT", "AAPL"])["adj_close"].tolist() == [5.0, 8.0, 4.0, 4.0]
    assert adjusted_bars(["AAPL"], end=date(2024, 1, 2))["adj_close"].tolist() == [10.0]
    assert list(global_bars(["AAPL"], date(2024, 1, 3)).values_list("close", flat=True)) == [8.0]
    assert adjusted_bars(["NOBODY"]).empty


def test_adjusted_closes_are_yahoos_where_the_source_is_sound(shared_data: Path) -> None:
    files = [path for pattern in WITH_EVENTS for path in sorted((shared_data / "global").glob(pattern))]
    assert len(files) > 20
    off = {path.name: distance for path in files if (distance := _distance(path)) > 0.0001}
    assert off == {}


def _distance(path: Path) -> float:
    """By which share ours differ at most from Yahoo's, both as of the last day."""
    frame = pd.read_csv(path, parse_dates=["Date"])
    names = {"Close": "close", "Dividends": "dividends", "Stock Splits": "splits"}
    rows = frame.rename(columns=names)[list(names.values())].to_dict("records")
    days = [moment.date() for moment in frame["Date"]]
    GlobalBar.objects.all().delete()
    GlobalBar.objects.bulk_create(
        [GlobalBar(symbol="X", trade_date=day, **row) for day, row in zip(days, rows, strict=True)]
    )
    ratio = adjusted_bars(["X"])["adj_close"].to_numpy() / frame["Adj Close"].to_numpy()
    return float(np.abs(ratio / ratio[-1] - 1).max())
