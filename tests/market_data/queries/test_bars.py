"""Bars of one or many stocks, by day, week and month, and under codes that moved."""

import gzip
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from market_data.models import AdjFactor, DailyBar, MovedCode
from market_data.queries import COLUMNS, Adjust, bars, bars_frame, codes_of, current_symbols, daily_bars, factors_of
from market_data.queries.periods import span_of
from tests.market_data.builders import ADJ_FACTOR, DAILY, A, B, store_cells, store_rows

pytestmark = pytest.mark.django_db
OLD, NEW = "838163.BJ", "920163.BJ"
DIVIDEND_STOCKS = ("000001.SZ", "600000.SH", "600519.SH")


def add_bar(symbol: str, day: date, close: float | None, **values: float | None) -> None:
    plain = {"open": close, "high": close, "low": close, "pre_close": close, "volume": 100.0, "amount": 1000.0}
    DailyBar.objects.create(symbol=symbol, trade_date=day, close=close, **(plain | values))


def add_factor(symbol: str, day: date, factor: float) -> None:
    AdjFactor.objects.create(symbol=symbol, trade_date=day, adj_factor=factor)


def days_and(column: str, rows: list[tuple[object, ...]]) -> list[tuple[object, object]]:
    at = COLUMNS.index(column)
    return [(row[1], row[at]) for row in rows]


def test_the_columns_are_those_of_daily_bars() -> None:
    assert tuple(field.name for field in DAILY.fields) == COLUMNS


def test_stored_bars_are_a_queryset() -> None:
    store_cells(DAILY, [B, A], [date(2024, 1, 8), date(2024, 1, 9)])
    found = daily_bars([A, B], start=date(2024, 1, 9))
    assert [(bar.symbol, bar.provider) for bar in found.filter(close__gt=1)] == [(A, "tushare"), (B, "tushare")]


def test_many_symbols_come_one_after_the_other() -> None:
    store_cells(DAILY, [B, A], [date(2024, 1, 9), date(2024, 1, 8)])
    keys = [row[:2] for row in bars([B, A, B])]
    assert keys == [(symbol, date(2024, 1, day)) for symbol in (A, B) for day in (8, 9)]


@pytest.fixture
def moved() -> None:
    """Two days under the old code, two under the new one, one of them under both; the factor doubles on the third."""
    MovedCode.objects.create(old_symbol=OLD, new_symbol=NEW)
    for symbol, day, close in ((OLD, 8, 10.0), (OLD, 9, 11.0), (NEW, 9, 11.5), (NEW, 10, 6.0)):
        add_bar(symbol, date(2024, 1, day), close)
        add_factor(symbol, date(2024, 1, day), 1.0 if day < 10 else 2.0)


@pytest.mark.usefixtures("moved")
@pytest.mark.parametrize("asked", [[OLD], [NEW], [OLD, NEW]])
def test_a_stock_whose_code_moved_is_one_series_whichever_is_asked_for(asked: list[str]) -> None:
    rows = list(bars(asked))
    assert {row[0] for row in rows} == {NEW}
    assert days_and("close", rows) == [(date(2024, 1, 8), 10.0), (date(2024, 1, 9), 11.5), (date(2024, 1, 10), 6.0)]
    assert set(daily_bars(asked).values_list("symbol", flat=True)) == {OLD, NEW}


@pytest.mark.usefixtures("moved")
def test_adjusted_prices_go_on_across_the_change_of_codes() -> None:
    rows = list(bars([NEW], adjust="qfq"))
    assert [row[COLUMNS.index("close")] for row in rows] == [5.0, 5.75, 6.0]
    assert list(factors_of(OLD)) == list(factors_of(NEW)) == [date(2024, 1, day) for day in (8, 9, 10)]


@pytest.mark.usefixtures("moved")
def test_codes_that_did_not_move_are_themselves() -> None:
    assert codes_of(OLD) == [OLD, NEW]
    assert (codes_of("430001.BJ"), codes_of(A)) == (["430001.BJ"], [A])
    assert current_symbols([OLD, A, NEW]) == [A, NEW]


@pytest.fixture
def three_weeks() -> None:
    """Bars from Thursday to Tuesday, none in the second week, one in the third: closes 10, 12, 11, 9 and 20."""
    closes = {date(2024, 1, 4): 10.0, date(2024, 1, 5): 12.0, date(2024, 1, 8): 11.0, date(2024, 1, 9): 9.0}
    for day, close in {**closes, date(2024, 1, 25): 20.0}.items():
        add_bar(A, day, close, open=close - 1, high=close + 1, low=close - 2, pre_close=8.0)


@pytest.mark.usefixtures("three_weeks")
def test_a_week_is_put_together_from_its_days() -> None:
    first, second, third = bars([A], frequency="weekly")
    assert first == (A, date(2024, 1, 5), 9.0, 13.0, 8.0, 12.0, 8.0, 4.0, 50.0, 200.0, 2000.0)
    assert second == (A, date(2024, 1, 9), 10.0, 12.0, 7.0, 9.0, 12.0, -3.0, -25.0, 200.0, 2000.0)
    assert third[:2] == (A, date(2024, 1, 25))
    assert third[5:8] == (20.0, 9.0, 11.0)


@pytest.mark.usefixtures("three_weeks")
def test_a_month_is_put_together_from_its_days() -> None:
    (month,) = bars([A], frequency="monthly")
    assert month[1:8] == (date(2024, 1, 25), 9.0, 21.0, 7.0, 20.0, 8.0, 12.0)
    assert month[-2:] == (500.0, 5000.0)


@pytest.mark.usefixtures("three_weeks")
@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (date(2024, 1, 5), date(2024, 1, 9), [5, 9]),
        (date(2024, 1, 6), date(2024, 1, 8), []),
        (date(2024, 1, 9), None, [9, 25]),
        (date(2024, 1, 10), None, [25]),
        (None, date(2024, 1, 8), [5]),
        (date.min, date.max, [5, 9, 25]),
    ],
)
def test_a_window_changes_which_weeks_come_and_nothing_in_them(
    start: date | None, end: date | None, found: list[int]
) -> None:
    every = {row[1].day: row for row in bars([A], frequency="weekly")}
    assert list(bars([A], start, end, frequency="weekly")) == [every[day] for day in found]


def test_weeks_are_adjusted_before_they_are_put_together() -> None:
    """Split in two on the Wednesday: the high of the week is the one of Monday, halved."""
    for day, close, factor in ((5, 10.0, 1.0), (8, 12.0, 1.0), (10, 5.5, 2.0)):
        add_bar(A, date(2024, 1, day), close)
        add_factor(A, date(2024, 1, day), factor)
    _, week = bars([A], adjust="qfq", frequency="weekly")
    assert week[2:9] == pytest.approx((6.0, 6.0, 5.5, 5.5, 5.0, 0.5, 10.0))


def test_what_is_not_known_of_a_day_is_not_known_of_its_week() -> None:
    add_bar(A, date(2024, 1, 8), 10.0)
    add_bar(A, date(2024, 1, 9), 11.0, high=None, amount=None)
    (week,) = bars([A], frequency="weekly")
    assert [name for name, value in zip(COLUMNS, week, strict=True) if value is None] == ["high", "amount"]
    add_factor(A, date(2024, 1, 9), 1.0)
    (week,) = bars([A], adjust="hfq", frequency="weekly")
    assert week[2:6] == (None, None, None, 11.0)


def test_a_week_that_crosses_the_new_year_is_one() -> None:
    assert span_of(date(2024, 12, 31), "weekly") == span_of(date(2025, 1, 3), "weekly")
    assert span_of(date(2024, 2, 10), "monthly") == (date(2024, 2, 1), date(2024, 2, 29))
    assert span_of(date.max, "weekly")[1] == span_of(date.max, "monthly")[1] == date.max


def test_a_frame_has_typed_columns_and_nan_for_what_is_not_known() -> None:
    add_bar(A, date(2024, 1, 8), 10.0, pre_close=None)
    frame = bars_frame([A])
    assert list(frame.columns) == list(COLUMNS)
    assert frame["trade_date"].tolist() == [pd.Timestamp("2024-01-08")]
    assert frame["pre_close"].isna().tolist() == [True]
    assert {str(kind) for kind in frame.dtypes[2:]} == {"float64"}
    assert bars_frame([B]).dtypes.equals(frame.dtypes)


@pytest.fixture
def published(shared_data: Path) -> None:
    """Published bars and factors of three stocks that pay dividends."""
    for dataset in (DAILY, ADJ_FACTOR):
        with gzip.open(shared_data / "stocks" / f"{dataset.name}.csv.gz", "rt", encoding="utf-8") as file:
            rows = pd.read_csv(file, dtype={"trade_date": str})
        store_rows(dataset, rows[rows["ts_code"].isin(DIVIDEND_STOCKS)].to_dict("records"))


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("adjust", ["qfq", "hfq"])
def test_on_the_day_after_a_dividend_adjusted_prices_moved_as_the_exchange_says(adjust: Adjust) -> None:
    plain, prices = bars_frame(DIVIDEND_STOCKS), bars_frame(DIVIDEND_STOCKS, adjust=adjust)
    before = prices.groupby("symbol")["close"].shift()
    ex_days = (plain["pre_close"] - plain.groupby("symbol")["close"].shift()).abs() > 0.01
    assert ex_days.sum() > 30
    moved = 100 * (prices["close"] / before - 1)
    assert (moved - plain["pct_chg"])[ex_days].abs().max() < 0.15
    unadjusted = 100 * (plain["close"] / plain.groupby("symbol")["close"].shift() - 1)
    assert (unadjusted - plain["pct_chg"])[ex_days].abs().max() > 20


@pytest.mark.usefixtures("published")
def test_published_weeks_hold_every_day_once() -> None:
    days, weeks = bars_frame(DIVIDEND_STOCKS), bars_frame(DIVIDEND_STOCKS, frequency="weekly")
    assert weeks["volume"].sum() == pytest.approx(days["volume"].sum())
    assert (weeks["high"].max(), weeks["low"].min()) == (days["high"].max(), days["low"].min())
    assert weeks.groupby("symbol")["close"].last().equals(days.groupby("symbol")["close"].last())
