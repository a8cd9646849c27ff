"""Bars as they are stored, and adjusted for dividends and splits."""

from datetime import date
from typing import Any

import pytest

from market_data.queries import Adjust, factors_of, stored_rows
from tests.market_data.builders import ADJ_FACTOR, DAILY, TRADE_CAL, A, B, row_of, store_cells, store_rows

pytestmark = pytest.mark.django_db
DAYS = [date(2024, 1, 8), date(2024, 1, 9), date(2024, 1, 10)]


@pytest.fixture
def dividend() -> None:
    """A closes at 10, is split in two the next day and closes at 5, then at 6."""
    closes = [10.0, 5.0, 6.0]
    before = [10.0, 5.0, 5.0]
    store_rows(
        DAILY,
        [
            row_of(DAILY, A, day, open=c, high=c, low=c, close=c, pre_close=p, change=c - p)
            for day, c, p in zip(DAYS, closes, before, strict=True)
        ],
    )
    for day, factor in zip(DAYS, (1.0, 2.0, 2.0), strict=True):
        store_cells(ADJ_FACTOR, [A], [day], adj_factor=factor)


def adjusted(adjust: Adjust, **window: Any) -> list[dict[str, Any]]:
    names = [field.name for field in DAILY.fields]
    return [dict(zip(names, row, strict=True)) for row in stored_rows(DAILY, adjust=adjust, **window)]


@pytest.mark.usefixtures("dividend")
def test_backward_prices_go_on_from_the_first_day() -> None:
    rows = adjusted("hfq")
    assert [row["close"] for row in rows] == [10.0, 10.0, 12.0]
    assert [row["pre_close"] for row in rows] == [10.0, 10.0, 10.0]
    assert [row["change"] for row in rows] == [0.0, 0.0, 2.0]


@pytest.mark.usefixtures("dividend")
def test_forward_prices_end_in_the_last_price() -> None:
    rows = adjusted("qfq")
    assert [row["close"] for row in rows] == [5.0, 5.0, 6.0]
    assert [row["open"] for row in rows] == [5.0, 5.0, 6.0]


@pytest.mark.usefixtures("dividend")
def test_forward_prices_do_not_depend_on_the_window() -> None:
    assert [row["close"] for row in adjusted("qfq", end=DAYS[0])] == [5.0]


@pytest.mark.usefixtures("dividend")
def test_each_close_joins_the_next_days_previous_close() -> None:
    kinds: tuple[Adjust, ...] = ("hfq", "qfq")
    for adjust in kinds:
        rows = adjusted(adjust)
        assert [row["close"] for row in rows[:-1]] == [row["pre_close"] for row in rows[1:]]


@pytest.mark.usefixtures("dividend")
def test_volume_amount_and_percent_are_not_adjusted() -> None:
    for name in ("volume", "amount", "pct_chg"):
        assert [row[name] for row in adjusted("hfq")] == [row[name] for row in adjusted("none")]


@pytest.mark.usefixtures("dividend")
def test_each_symbol_has_factors_of_its_own() -> None:
    store_cells(DAILY, [B], DAYS)
    store_cells(ADJ_FACTOR, [B], DAYS, adj_factor=3.0)
    rows = adjusted("hfq")
    assert [row["close"] for row in rows if row["symbol"] == B] == [31.5] * 3
    assert [row["close"] for row in rows if row["symbol"] == A] == [10.0, 10.0, 12.0]


def test_a_bar_before_the_first_factor_has_no_adjusted_price() -> None:
    store_cells(DAILY, [A], DAYS[:2])
    store_cells(ADJ_FACTOR, [A], DAYS[1:2], adj_factor=1.0)
    first, second = adjusted("qfq")
    assert (second["close"], second["change"]) == (10.5, 0.5)
    assert [first[name] for name in ("open", "high", "low", "close", "pre_close", "change")] == [None] * 6
    assert first["volume"] == 100017.0
    assert [row["close"] for row in adjusted("none")] == [10.5, 10.5]


def test_a_bar_without_a_factor_takes_the_one_before_it() -> None:
    store_cells(DAILY, [A], DAYS)
    for day, factor in zip(DAYS[::2], (2.0, 4.0), strict=True):
        store_cells(ADJ_FACTOR, [A], [day], adj_factor=factor)
    assert [row["close"] for row in adjusted("hfq")] == [21.0, 21.0, 42.0]
    assert [row["close"] for row in adjusted("hfq", start=DAYS[1], end=DAYS[1])] == [21.0]


def test_a_price_that_is_not_there_stays_away() -> None:
    store_rows(DAILY, [row_of(DAILY, A, DAYS[0], pre_close=None)])
    store_cells(ADJ_FACTOR, [A], DAYS[:1], adj_factor=2.0)
    row = adjusted("hfq")[0]
    assert (row["close"], row["pre_close"], row["change"]) == (21.0, None, None)


def test_factors_ascend_by_day() -> None:
    for day, factor in zip(reversed(DAYS), (3.0, 2.0, 1.0), strict=True):
        store_cells(ADJ_FACTOR, [A], [day], adj_factor=factor)
    assert list(factors_of(A).items()) == list(zip(DAYS, (1.0, 2.0, 3.0), strict=True))


def test_a_list_without_symbols_ignores_the_selection() -> None:
    store_rows(TRADE_CAL, [{"exchange": "SSE", "cal_date": "20240108", "is_open": 1, "pretrade_date": None}])
    assert list(stored_rows(TRADE_CAL, symbols=(A,))) == [("SSE", DAYS[0], True, None)]
    assert list(stored_rows(TRADE_CAL, start=DAYS[1])) == []
