from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from tests.market_data.builders import (
    DAILY,
    FRIDAY,
    FRIDAY_EVENING,
    OLD_MONDAY,
    A,
    B,
    add_calendar,
    add_securities,
    store_cells,
)

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("slash", ["", "/"])


@pytest.fixture
def half_a_week(db: None) -> None:
    """Two stocks; both on Monday, one on Tuesday, none on Wednesday."""
    days = add_calendar(OLD_MONDAY, FRIDAY)
    add_securities(A, B)
    store_cells(DAILY, [A, B], days[:1])
    store_cells(DAILY, [A], days[1:2])


@BOTH
@time_machine.travel(FRIDAY_EVENING, tick=False)
def test_days_are_counted_and_the_incomplete_ones_listed(api: APIClient, half_a_week: None, slash: str) -> None:
    query = "dataset=daily&start=2024-01-08&end=20240110"
    answer = api.get(f"/market-data/coverage{slash}?{query}")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "dataset": "daily",
            "complete": 1,
            "partial": 1,
            "missing": 1,
            "failed": 0,
            "suspect": 0,
            "absent": 0,
            "not_due": 0,
            "cells": [
                {
                    "trade_date": "2024-01-10",
                    "expected": 2,
                    "got": 0,
                    "state": "missing",
                    "reason": "",
                    "symbols": [A, B],
                },
                {"trade_date": "2024-01-09", "expected": 2, "got": 1, "state": "partial", "reason": "", "symbols": [B]},
            ],
        },
    )


@time_machine.travel(FRIDAY_EVENING, tick=False)
def test_single_symbols_and_a_limit_are_taken(api: APIClient, half_a_week: None) -> None:
    query = f"dataset=daily&start=2024-01-08&end=2024-01-10&symbols={A.lower()}&limit=1"
    shown = api.get(f"/market-data/coverage?{query}").json()
    assert (shown["complete"], shown["missing"]) == (2, 1)
    assert [cell["symbols"] for cell in shown["cells"]] == [[A]]


def test_a_list_has_no_days(api: APIClient) -> None:
    shown = api.get("/market-data/coverage?dataset=stock_basic").json()
    assert [cell["trade_date"] for cell in shown["cells"]] == [None]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "dataset"),
        ("dataset=weather", "dataset"),
        ("dataset=daily&start=2024-13-01", "start"),
        ("dataset=daily&end=soon", "end"),
        ("dataset=daily&start=2024-02-01&end=2024-01-01", "start"),
        ("dataset=daily&limit=0", "limit"),
        ("dataset=daily&symbols=,", "symbols"),
        ("dataset=daily&start=2999-01-01", None),
        ("dataset=daily&symbols=NOBODY", None),
    ],
)
def test_a_wrong_question_is_refused(api: APIClient, half_a_week: None, query: str, field: str | None) -> None:
    answer = api.get(f"/market-data/coverage?{query}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


@time_machine.travel(FRIDAY_EVENING, tick=False)
def test_the_limit_counts_symbols_over_all_days(api: APIClient, half_a_week: None) -> None:
    query = "dataset=daily&start=2024-01-08&end=2024-01-10"
    shown = [api.get(f"/market-data/coverage?{query}&limit={limit}").json() for limit in (1, 2, 3)]
    assert [[cell["symbols"] for cell in one["cells"]] for one in shown] == [[[A]], [[A, B], []], [[A, B], [B]]]
    assert {(one["complete"], one["partial"], one["missing"]) for one in shown} == {(1, 1, 1)}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("start=0001-01-01", "start"),
        ("end=9999-12-31", "start"),
        ("limit=10001", "limit"),
        ("symbols=" + ",".join(f"{n:06}.SH" for n in range(101)), "symbols"),
        ("symbols=" + "x" * 5000, "symbols"),
    ],
)
def test_more_than_the_bounds_is_refused_before_it_is_read(
    api: APIClient, half_a_week: None, query: str, field: str, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        answer = api.get(f"/market-data/coverage?dataset=daily&{query}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
