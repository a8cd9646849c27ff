import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from market_data.models import CashFlow, FinaIndicator
from tests.market_data.builders import A, B, add_securities

pytestmark = pytest.mark.django_db
URL = f"/market-data/finance?symbol={A}"
SEEN = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def reports(db: None) -> None:
    """Two periods of a stock, the first in two versions, and a stock that reports nothing."""
    add_securities(A, B)
    for quarter, flag, eps in (
        (date(2023, 12, 31), "0", 1.0),
        (date(2023, 12, 31), "1", 1.5),
        (date(2024, 3, 31), "0", 0.5),
    ):
        FinaIndicator.objects.create(
            symbol=A,
            end_date=quarter,
            ann_date=date(2024, 4, 20),
            update_flag=flag,
            eps=eps,
            rest={"fixed_assets": 12.5},
            content=f"{quarter}{flag}",
            first_seen_at=SEEN,
        )


def eps_of(api: APIClient, query: str) -> list[float]:
    return [row["eps"] for row in api.get(URL + query).json()]


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_current_version_of_each_period_is_shown(api: APIClient, slash: str) -> None:
    shown = api.get(f"/market-data/finance{slash}?symbol={A.lower()}").json()
    assert [(row["end_date"], row["eps"], row["update_flag"]) for row in shown] == [
        ("2023-12-31", 1.5, "1"),
        ("2024-03-31", 0.5, "0"),
    ]
    assert "fixed_assets" not in shown[0]


def test_a_window_a_day_of_the_past_and_all_versions_can_be_asked_for(api: APIClient) -> None:
    assert eps_of(api, "&start=20240101") == [0.5]
    assert eps_of(api, "&end=2023-12-31") == [1.5]
    assert eps_of(api, "&as_of=2024-04-19") == []
    assert eps_of(api, "&as_of=20240420") == [1.0, 0.5]
    assert eps_of(api, "&versions=true") == [1.0, 1.5, 0.5]


def test_every_field_can_be_asked_for(api: APIClient) -> None:
    assert api.get(f"{URL}&fields=end_date,fixed_assets,rd_exp&start=20240101").json() == [
        {"end_date": "2024-03-31", "fixed_assets": 12.5, "rd_exp": None}
    ]
    assert len(api.get(f"{URL}&fields=all").json()[0]) == 168  # those of Tushare, and first_seen_at


def test_reports_come_as_csv(api: APIClient) -> None:
    text = api.get(f"{URL}&fields=end_date,eps&format=csv").content.decode()
    assert list(csv.DictReader(io.StringIO(text))) == [
        {"end_date": "2023-12-31", "eps": "1.5"},
        {"end_date": "2024-03-31", "eps": "0.5"},
    ]


def test_pages_follow_each_other(api: APIClient) -> None:
    first = api.get(f"{URL}&limit=1")
    following = first.headers["Link"].split(">")[0][1:]
    second = api.get(following)
    assert [first.json()[0]["eps"], second.json()[0]["eps"]] == [1.5, 0.5]
    assert "Link" not in second.headers


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("&fields=eps,epss", 400, "has no epss"),
        ("&dataset=daily", 400, "dataset"),
        ("&as_of=2024-02-30", 400, "as_of"),
        ("&start=20240101&end=20230101", 400, "after the end"),
        ("&versions=true&as_of=20240101", 400, "not for both"),
        ("&limit=0", 400, "limit"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_a_sentence(
    api: APIClient, query: str, status: int, said: str
) -> None:
    answer = api.get(URL + query)
    assert (answer.status_code, said in answer.content.decode()) == (status, True)


def test_a_stock_without_reports_has_none_and_an_unknown_one_is_not_found(api: APIClient) -> None:
    assert api.get(f"/market-data/finance?symbol={B}").json() == []
    assert api.get("/market-data/finance?symbol=999999.SH").status_code == 404
    assert api.get("/market-data/finance").status_code == 400


def test_statements_are_shown_by_name(api: APIClient) -> None:
    row: dict[str, Any] = {"symbol": A, "end_date": date(2024, 3, 31), "content": "a", "first_seen_at": SEEN}
    CashFlow.objects.create(**row, n_cashflow_act=1e9)
    (shown,) = api.get(f"{URL}&dataset=cashflow").json()
    assert shown["n_cashflow_act"] == 1e9


@pytest.mark.parametrize(
    ("query", "browser", "cell"),
    [
        ("", False, "=1+1"),
        ("", True, "'=1+1"),
        ("&spreadsheet=true", False, "'=1+1"),
        ("&spreadsheet=false", True, "=1+1"),
    ],
)
def test_csv_for_people_holds_no_formula(api: APIClient, query: str, browser: bool, cell: str) -> None:
    FinaIndicator.objects.update(update_flag="=1+1", eps=-1.5)
    if browser:
        api = APIClient()
        api.force_login(User.objects.get())
    text = api.get(f"{URL}&format=csv{query}").content.decode()
    row = next(csv.DictReader(io.StringIO(text)))
    assert (row["update_flag"], row["eps"]) == (cell, "-1.5")


@pytest.mark.parametrize("offset", ["9223372036854775807", "9223372036854775808", "1" + "0" * 400, "1000001"])
def test_an_offset_that_no_list_has_is_refused(api: APIClient, offset: str) -> None:
    answer = api.get(f"{URL}&offset={offset}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "offset")
