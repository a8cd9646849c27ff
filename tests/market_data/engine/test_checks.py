"""What an answer must be to be stored, and what is kept of one that is refused."""

import json
import math
import random
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from market_data.datasets import Dataset, Field
from market_data.engine.checks import Window, check, scaled
from market_data.exceptions import BadPayload
from market_data.exporting import _to_source
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


def test_an_answer_without_a_column_is_refused_and_its_columns_are_kept() -> None:
    answer = answer_of(DAILY, [row_of(DAILY, A, OLD_MONDAY)])
    del answer.columns["vol"]
    error = refusal(DAILY, answer)
    assert "lacks the columns vol" in str(error)
    assert "close" in error.evidence["columns"]  # type: ignore[index]


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
def test_a_value_of_the_wrong_type_is_refused_with_the_value(dataset: Dataset, column: str, value: Any) -> None:
    error = refusal(dataset, answer_of(dataset, [row_of(dataset, A, OLD_MONDAY, **{column: value})]))
    assert f"the column {column} holds what is no" in str(error)
    assert error.evidence == {"column": column, "values": [value]}


@pytest.mark.parametrize("value", [2, None, "yes"])
def test_a_flag_that_is_none_is_refused(value: Any) -> None:
    error = refusal(TRADE_CAL, answer_of(TRADE_CAL, [calendar_row(is_open=value)]))
    assert "is_open" in str(error)


@pytest.mark.parametrize(("value", "flag"), [(1, True), (0, False), ("1", True), ("0", False)])
def test_flags_come_as_numbers_or_as_texts(value: Any, flag: bool) -> None:
    assert table_of(TRADE_CAL, [calendar_row(is_open=value)])["is_open"].to_pylist() == [flag]


def test_the_evidence_of_a_wrong_type_can_be_stored_whatever_it_holds() -> None:
    rows = [row_of(DAILY, A, OLD_MONDAY, close=math.nan), row_of(DAILY, B, OLD_MONDAY, close="?")]
    refusal(DAILY, answer_of(DAILY, rows))


def test_the_evidence_is_a_sample() -> None:
    rows = [row_of(DAILY, f"{n:06}.SH", OLD_MONDAY, close="?") for n in range(500)]
    error = refusal(DAILY, answer_of(DAILY, rows))
    assert len(error.evidence["values"]) == 20  # type: ignore[index]


def test_a_key_that_comes_twice_is_refused() -> None:
    error = refusal(DAILY, answer_of(DAILY, [row_of(DAILY, A, OLD_MONDAY, close=c) for c in (10.1, 10.2)]))
    assert f"1 keys twice, such as {A} 2024-01-08" in str(error)
    assert error.evidence == {"keys": [[A, "2024-01-08"]]}


def test_a_halt_and_a_resumption_on_one_day_are_two_keys() -> None:
    rows = [row_of(SUSPEND_D, A, OLD_MONDAY, suspend_type=kind) for kind in ("S", "R")]
    assert table_of(SUSPEND_D, rows).num_rows == 2


@pytest.mark.parametrize(("column", "value"), [("ts_code", None), ("ts_code", ""), ("trade_date", None)])
def test_a_row_without_its_key_is_refused(column: str, value: Any) -> None:
    error = refusal(DAILY, answer_of(DAILY, [row_of(DAILY, A, OLD_MONDAY, **{column: value})]))
    assert f"rows without a {column}" in str(error)
    assert error.evidence[0]["close"] == "10.5"  # type: ignore[index]


@pytest.mark.parametrize(
    "window",
    [
        Window(start=date(2024, 1, 10)),
        Window(end=date(2024, 1, 8)),
        Window(OLD_MONDAY, TUESDAY, [B]),
        Window(OLD_MONDAY, TUESDAY, []),
    ],
)
def test_a_row_that_was_not_asked_for_is_refused_and_shown(window: Window) -> None:
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
    assert [row["symbol"] for row in checked.refused] == [A]
    assert checked.refused[0]["trade_date"] == "2024-01-08"
    json.dumps(checked.refused)


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
    row = {"ts_code": A, "name": "N" * 65, "list_date": "20200102"}
    error = refusal(STOCK_BASIC, answer_of(STOCK_BASIC, [row]))
    assert "name" in str(error)


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
    back = _to_source(Field("amount", "amount", scale=scale))
    assert back is not None
    assert [back(value) for value in stored.tolist()] == [float(number) for number in sent]
    products = [(number * scale, value) for number, value in zip(sent, stored.tolist(), strict=True)]
    whole = [(exact, value) for exact, value in products if exact == exact.to_integral_value() and abs(exact) < 10**15]
    assert len(whole) > 1000
    assert all(value == exact for exact, value in whole)
