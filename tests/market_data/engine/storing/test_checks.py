"""What an answer must be to be stored, and what is kept of one that is refused."""

import json
import math
import random
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from market_data.datasets import Dataset, Field
from market_data.engine.storing.checks import Checked, Window, check
from market_data.engine.storing.conversions import scaled
from market_data.exceptions import BadPayload
from market_data.files.shaping import to_source
from market_data.providers.base import Answer
from tests.market_data.builders import (
    ADJ_FACTOR,
    DAILY,
    DAILY_BASIC,
    OLD_MONDAY,
    STOCK_BASIC,
    SUSPEND_D,
    TRADE_CAL,
    A,
    B,
    answer_of,
    row_of,
    table_of,
)

TUESDAY = date(2024, 1, 9)


def refusal(dataset: Dataset, answer: Answer, window: Window | None = None) -> BadPayload:
    with pytest.raises(BadPayload) as caught:
        check(dataset, answer, window or Window())
    json.dumps(caught.value.evidence, allow_nan=False)
    return caught.value


def refused(dataset: Dataset, *rows: dict[str, Any], window: Window | None = None) -> Checked:
    """What is made of these rows; the evidence of the refused ones is such as every database keeps."""
    checked = check(dataset, answer_of(dataset, rows), window or Window())
    kept = json.dumps([row.evidence for row in checked.refused], allow_nan=False)
    assert "\\u0000" not in kept
    return checked


def listed(symbol: str, **changes: Any) -> dict[str, Any]:
    return {"ts_code": symbol, "list_status": "L", "list_date": "20200102", **changes}


def calendar_row(**changes: Any) -> dict[str, Any]:
    return {"exchange": "SSE", "cal_date": "20240108", "is_open": 1, "pretrade_date": "20240105", **changes}


def test_an_answer_has_the_columns_of_the_dataset_in_its_order() -> None:
    table = table_of(DAILY, [row_of(DAILY, A, OLD_MONDAY)])
    assert tuple(table.column_names) == DAILY.columns
    assert table.to_pylist()[0]["trade_date"] == OLD_MONDAY


def test_columns_that_nobody_asked_for_are_left_out() -> None:
    answer = answer_of(ADJ_FACTOR, [row_of(ADJ_FACTOR, A, OLD_MONDAY)])
    answer.columns["surprise"] = ["?"]
    assert "surprise" not in check(ADJ_FACTOR, answer, Window()).table.column_names


@pytest.mark.parametrize(
    ("dataset", "column"),
    [
        (DAILY, "close"),
        (DAILY, "ts_code"),
        (ADJ_FACTOR, "adj_factor"),
        (TRADE_CAL, "is_open"),
        (STOCK_BASIC, "list_date"),
    ],
)
def test_an_answer_without_a_needed_column_is_refused_and_its_columns_are_kept(dataset: Dataset, column: str) -> None:
    answer = answer_of(dataset, [row_of(dataset, A, OLD_MONDAY)])
    del answer.columns[column]
    error = refusal(dataset, answer)
    assert f"lacks the columns {column}" in str(error)
    assert error.evidence == list(answer.columns)[:20]


@pytest.mark.parametrize("column", ["vol", "amount", "open", "pct_chg"])
def test_a_column_that_nothing_needs_may_stay_away_and_is_null(column: str) -> None:
    answer = answer_of(DAILY, [row_of(DAILY, A, OLD_MONDAY)])
    del answer.columns[column]
    checked = check(DAILY, answer, Window())
    stored = next(field.name for field in DAILY.fields if field.source == column)
    assert checked.table[stored].to_pylist() == [None]
    assert checked.lacking == (column,)


def test_an_honest_empty_answer_is_an_empty_table() -> None:
    checked = check(DAILY, answer_of(DAILY, []), Window(OLD_MONDAY, OLD_MONDAY, [A]))
    assert (checked.table.num_rows, checked.refused) == (0, [])


@pytest.mark.parametrize(
    ("dataset", "column", "value"),
    [
        (DAILY, "close", "10.5"),
        (DAILY, "close", [1]),
        (DAILY, "close", 10**400),
        (DAILY, "trade_date", "2024-01-08"),
        (DAILY, "trade_date", "20240230"),
        (DAILY, "trade_date", "202401"),
        (DAILY, "trade_date", 20240108),
        (DAILY, "ts_code", 600001),
        (DAILY, "ts_code", {"code": A}),
    ],
)
def test_a_value_of_the_wrong_type_costs_its_row_and_is_kept(dataset: Dataset, column: str, value: Any) -> None:
    rows = [row_of(dataset, A, OLD_MONDAY, **{column: value}), row_of(dataset, B, OLD_MONDAY)]
    checked = refused(dataset, *rows)
    assert checked.table["symbol"].to_pylist() == [B]
    assert f"its {column} is no" in checked.refused[0].reason
    stored = next(field.name for field in dataset.fields if field.source == column)
    assert checked.refused[0].evidence[stored] == value


@pytest.mark.parametrize("value", [2, None, "yes"])
def test_a_flag_that_is_none_costs_its_row(value: Any) -> None:
    checked = refused(TRADE_CAL, calendar_row(is_open=value), calendar_row(cal_date="20240109"))
    assert (checked.table.num_rows, len(checked.refused)) == (1, 1)
    assert "is_open" in checked.refused[0].reason


@pytest.mark.parametrize(("value", "flag"), [(1, True), (0, False), ("1", True), ("0", False)])
def test_flags_come_as_numbers_or_as_texts(value: Any, flag: bool) -> None:
    assert table_of(TRADE_CAL, [calendar_row(is_open=value)])["is_open"].to_pylist() == [flag]


def test_what_is_kept_of_a_row_can_be_stored_whatever_it_holds() -> None:
    rows = [row_of(DAILY, A, OLD_MONDAY, close=math.nan), row_of(DAILY, "60\0001.SH", OLD_MONDAY, close="\0?")]
    assert len(refused(DAILY, *rows).refused) == 2


@pytest.mark.parametrize("symbol", ["4920017.BJ", "000001.XSHE", "600000", "sh600000", "600000.sh", "", "6000\00.SH"])
def test_a_malformed_code_costs_its_row(symbol: str) -> None:
    checked = refused(STOCK_BASIC, listed(symbol), listed("T00018.SH"), listed("430047.BJ"))
    assert checked.table["symbol"].to_pylist() == ["T00018.SH", "430047.BJ"]
    assert len(checked.refused) == 1


def test_a_bar_on_a_day_without_trading_is_refused() -> None:
    window = Window(OLD_MONDAY, TUESDAY, closed=[TUESDAY])
    checked = refused(DAILY, row_of(DAILY, A, OLD_MONDAY), row_of(DAILY, A, TUESDAY), window=window)
    assert checked.table["trade_date"].to_pylist() == [OLD_MONDAY]
    assert "closed" in checked.refused[0].reason


def test_an_answer_of_many_wrong_rows_is_wrong_as_a_whole_and_a_sample_is_kept() -> None:
    rows = [row_of(DAILY, f"{n:06}.SH", OLD_MONDAY, close="?") for n in range(500)]
    error = refusal(DAILY, answer_of(DAILY, rows))
    assert len(error.evidence) == 20  # type: ignore[arg-type]


def test_of_a_large_answer_a_tenth_may_be_wrong() -> None:
    rows = [row_of(DAILY, f"{n:06}.SH", OLD_MONDAY, close="?" if n < 250 else 10.1) for n in range(2500)]
    assert len(refused(DAILY, *rows).refused) == 250


def test_alike_rows_are_one_row() -> None:
    rows = [row_of(DAILY, A, OLD_MONDAY), row_of(DAILY, B, OLD_MONDAY), row_of(DAILY, A, OLD_MONDAY)]
    checked = refused(DAILY, *rows)
    assert (checked.table["symbol"].to_pylist(), checked.refused) == ([A, B], [])


def test_rows_that_differ_under_one_key_are_refused_and_the_others_are_not() -> None:
    twice = [row_of(DAILY, A, OLD_MONDAY, close=close) for close in (10.1, 10.2)]
    checked = refused(DAILY, *twice, row_of(DAILY, B, OLD_MONDAY))
    assert checked.table["symbol"].to_pylist() == [B]
    assert [(row.symbol, row.evidence["close"]) for row in checked.refused] == [(A, 10.1), (A, 10.2)]


def test_a_halt_and_a_resumption_on_one_day_are_two_keys() -> None:
    rows = [row_of(SUSPEND_D, A, OLD_MONDAY, suspend_type=kind) for kind in ("S", "R")]
    assert table_of(SUSPEND_D, rows).num_rows == 2


@pytest.mark.parametrize(
    ("column", "value"),
    [("ts_code", None), ("ts_code", ""), ("trade_date", None), ("close", None), ("close", math.nan)],
)
def test_a_row_without_its_key_or_its_price_is_refused(column: str, value: Any) -> None:
    checked = refused(DAILY, row_of(DAILY, A, OLD_MONDAY, **{column: value}), row_of(DAILY, B, OLD_MONDAY))
    assert checked.table["symbol"].to_pylist() == [B]
    assert column in checked.refused[0].reason


def test_a_stranger_among_the_rows_is_refused_alone() -> None:
    rows = [row_of(DAILY, symbol, OLD_MONDAY) for symbol in (A, B, "600003.SH")]
    checked = refused(DAILY, *rows, window=Window(OLD_MONDAY, OLD_MONDAY, [A, B]))
    assert checked.table["symbol"].to_pylist() == [A, B]
    assert checked.refused[0].reason == "it was not asked for"


@pytest.mark.parametrize(
    "window",
    [
        Window(start=date(2024, 1, 10)),
        Window(end=date(2024, 1, 8)),
        Window(OLD_MONDAY, TUESDAY, [B]),
        Window(OLD_MONDAY, TUESDAY, []),
    ],
)
def test_an_answer_to_another_question_is_refused_and_shown(window: Window) -> None:
    error = refusal(DAILY, answer_of(DAILY, [row_of(DAILY, A, TUESDAY)]), window)
    assert "1 rows that were not asked for" in str(error)
    assert error.evidence[0]["symbol"] == A  # type: ignore[index]


def test_rows_on_the_edges_of_the_window_were_asked_for() -> None:
    rows = [row_of(DAILY, A, OLD_MONDAY), row_of(DAILY, A, TUESDAY)]
    assert check(DAILY, answer_of(DAILY, rows), Window(OLD_MONDAY, TUESDAY, [A])).table.num_rows == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"close": -1.0},
        {"open": 0.0},
        {"pre_close": 0.0},
        {"low": 12.0},
        {"close": 11.5},
        {"open": 8.5},
        {"vol": -1.0},
        {"amount": -0.001},
    ],
)
def test_a_bar_that_no_market_can_have_produced_is_refused_alone(changes: dict[str, float]) -> None:
    rows = [row_of(DAILY, A, OLD_MONDAY, **changes), row_of(DAILY, B, OLD_MONDAY)]
    checked = check(DAILY, answer_of(DAILY, rows), Window())
    assert checked.table["symbol"].to_pylist() == [B]
    assert [(row.symbol, row.day) for row in checked.refused] == [(A, OLD_MONDAY)]


@pytest.mark.parametrize("value", [0.0, -1.5, None])
def test_a_factor_that_is_none_is_refused(value: Any) -> None:
    checked = check(ADJ_FACTOR, answer_of(ADJ_FACTOR, [row_of(ADJ_FACTOR, A, OLD_MONDAY, adj_factor=value)]), Window())
    assert (checked.table.num_rows, len(checked.refused)) == (0, 1)


@pytest.mark.parametrize(
    ("dataset", "columns"),
    [
        (DAILY, ["open", "high", "low", "close", "pre_close"]),
        (DAILY, ["amount"]),
        (ADJ_FACTOR, ["adj_factor"]),
        (DAILY_BASIC, ["total_mv"]),
    ],
)
def test_no_number_is_infinite(dataset: Dataset, columns: list[str]) -> None:
    row = row_of(dataset, A, OLD_MONDAY, **dict.fromkeys(columns, math.inf))
    try:
        checked = check(dataset, answer_of(dataset, [row]), Window())
    except BadPayload:
        return
    assert checked.table.num_rows == 0


def test_nothing_and_not_a_number_are_null_and_never_zero() -> None:
    rows = [row_of(DAILY, A, OLD_MONDAY, change=math.nan, amount=math.nan), row_of(DAILY, B, OLD_MONDAY, change=None)]
    table = table_of(DAILY, rows)
    assert table["change"].to_pylist() == [None, None]
    assert table["amount"].to_pylist() == [None, 10_000.0]


def test_a_column_without_any_number_is_null() -> None:
    assert table_of(DAILY_BASIC, [row_of(DAILY_BASIC, A, OLD_MONDAY, pe=None)])["pe"].to_pylist() == [None]


def test_texts_that_are_not_there_are_empty_and_dates_null() -> None:
    row = {"ts_code": A, "name": None, "list_date": "20200102", "delist_date": "", "area": ""}
    stored = table_of(STOCK_BASIC, [row]).to_pylist()[0]
    assert (stored["name"], stored["area"], stored["delist_date"]) == ("", "", None)
    assert stored["list_date"] == date(2020, 1, 2)
    assert stored["inferred"] is False


def test_a_text_that_does_not_fit_its_column_is_refused() -> None:
    checked = refused(STOCK_BASIC, listed(A, name="N" * 65), listed(B, name="N" * 64))
    assert checked.table["symbol"].to_pylist() == [B]
    assert "name" in checked.refused[0].reason


def test_lots_are_stored_as_shares_and_thousands_as_yuan() -> None:
    row = row_of(DAILY, A, OLD_MONDAY, vol=1000.17, amount=4182345.222)
    stored = table_of(DAILY, [row]).to_pylist()[0]
    assert (stored["volume"], stored["amount"]) == (100017.0, 4182345222.0)


def test_ten_thousands_are_stored_as_units() -> None:
    row = row_of(DAILY_BASIC, A, OLD_MONDAY, total_share=194059.1754, total_mv=2175403.43)
    stored = table_of(DAILY_BASIC, [row]).to_pylist()[0]
    assert (stored["total_share"], stored["total_mv"]) == (1940591754.0, 21754034300.0)


def decimals(count: int) -> list[Decimal]:
    """Decimals of up to fifteen digits, of either sign, with zero to nine digits behind the point."""
    chance = random.Random(20240108)
    picked = [(chance.randrange(10 ** chance.randint(1, 15)), chance.randint(0, 9)) for _ in range(count)]
    return [Decimal(chance.choice((1, -1)) * digits).scaleb(-places) for digits, places in picked]


@pytest.mark.parametrize("scale", [100, 1000, 10_000])
def test_a_number_of_fifteen_digits_survives_its_unit_to_the_digit(scale: int) -> None:
    sent = decimals(4000)
    stored = scaled(np.array([float(number) for number in sent]), scale)
    back = to_source(Field("amount", "amount", scale=scale), pa.chunked_array([stored]))
    assert back.to_pylist() == [float(number) for number in sent]
    products = [(number * scale, value) for number, value in zip(sent, stored.tolist(), strict=True)]
    whole = [(exact, value) for exact, value in products if exact == exact.to_integral_value() and abs(exact) < 10**15]
    assert len(whole) > 1000
    assert all(value == exact for exact, value in whole)
