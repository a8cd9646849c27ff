"""Stocks: found by code, name and pinyin; their numbers in the page; their marks."""

import json
import re
from datetime import date
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from market_data.engine.ledger import clock
from market_data.models import (
    AdjFactor,
    ConceptBoard,
    ConceptMember,
    DailyBar,
    FinaIndicator,
    IncomeStatement,
    NameChange,
    Security,
    Suspension,
)
from tests.market_data.admin.test_access import Staff
from tests.market_data.builders import add_calendar

pytestmark = pytest.mark.django_db
STOCKS = "/admin/stocks/"
PAGE = f"{STOCKS}600000.SH/"
SPAN = {"start": "2024-01-01", "end": "2024-01-31"}


@pytest.fixture
def stock() -> list[date]:
    """A stock with a dividend on its fourth day, suspended on its sixth, its eighth missing."""
    days = add_calendar(date(2024, 1, 1), date(2024, 1, 31))
    Security.objects.create(
        symbol="600000.SH", code="600000", name="浦发银行", cnspell="PFYH", list_status="L", list_date=days[0]
    )
    Security.objects.create(symbol="600001.SH", code="600001", name="邯郸钢铁", cnspell="HDGT", list_status="D")
    for at, day in enumerate(days):
        if at in (5, 7):
            continue
        price = {"open": 10 + at, "high": 12 + at, "low": 9 + at, "close": 11 + at, "pre_close": 10 + at}
        DailyBar.objects.create(symbol="600000.SH", trade_date=day, volume=1000, amount=11000, **price)
        AdjFactor.objects.create(symbol="600000.SH", trade_date=day, adj_factor=1.0 if at < 3 else 2.0)
    Suspension.objects.create(symbol="600000.SH", trade_date=days[5], suspend_type="S")
    return days


def data(html: str, role: str) -> Any:
    match = re.search(rf'<script data-role="{role}"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert match
    return json.loads(match[1])


def shown(client: Client, page: str = PAGE, **query: Any) -> str:
    answer = client.get(page, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_charts_numbers_stand_in_the_page(admin_client: Client, stock: list[date]) -> None:
    bars = data(shown(admin_client, **SPAN), "bars")

    assert bars[0] == {
        "trade_date": stock[0].isoformat(),
        "open": 10.0,
        "high": 12.0,
        "low": 9.0,
        "close": 11.0,
        "volume": 1000.0,
        "amount": 11000.0,
    }
    assert len(bars) == len(stock) - 2


@pytest.mark.parametrize(("adjust", "close"), [("none", 11.0), ("qfq", 5.5), ("hfq", 11.0)])
def test_prices_are_adjusted_as_chosen(admin_client: Client, stock: list[date], adjust: str, close: float) -> None:
    assert data(shown(admin_client, adjust=adjust, **SPAN), "bars")[0]["close"] == close


def test_dividends_suspensions_and_holes_are_marked(admin_client: Client, stock: list[date]) -> None:
    assert data(shown(admin_client, **SPAN), "marks") == {
        "dividends": [stock[3].isoformat()],
        "suspended": [stock[5].isoformat()],
        "missing": [stock[7].isoformat()],
    }


@pytest.mark.parametrize("text", ["600000", "600000.sh", "浦发", "pfyh", "PF"])
def test_the_only_stock_that_fits_is_opened(admin_client: Client, stock: list[date], text: str) -> None:
    assert admin_client.get(STOCKS, {"q": text}).headers["Location"] == PAGE


def test_several_stocks_are_listed(admin_client: Client, stock: list[date]) -> None:
    html = shown(admin_client, STOCKS, q="60000")

    assert "浦发银行" in html
    assert "邯郸钢铁" in html


def test_a_stock_that_nobody_knows_is_told_beside_the_field(admin_client: Client, stock: list[date]) -> None:
    assert "No stock is called &lt;x&gt;" in shown(admin_client, STOCKS, q="<x>")


def test_names_reports_and_concepts_are_told(admin_client: Client, stock: list[date]) -> None:
    seen = {"content": "a", "first_seen_at": clock.now()}
    NameChange.objects.create(symbol="600000.SH", name="浦发老名", start_date=stock[0], **seen)
    IncomeStatement.objects.create(symbol="600000.SH", end_date=date(2023, 9, 30), total_revenue=1.5e9, **seen)
    FinaIndicator.objects.create(symbol="600000.SH", end_date=date(2023, 9, 30), eps=0.87, **seen)
    ConceptBoard.objects.create(source="ths", code="885001.TI", name="沪股通", from_date=stock[0])
    ConceptMember.objects.create(source="ths", board="885001.TI", symbol="600000.SH", from_date=stock[0])

    html = shown(admin_client, **SPAN)

    for text in ("浦发老名", "1,500.00", "0.87", "沪股通", "From tushare 2024-01-01 to 2024-01-31"):
        assert text in html


def test_the_page_asks_at_most_fifteen_questions(admin_client: Client, stock: list[date]) -> None:
    shown(admin_client, **SPAN)

    with CaptureQueriesContext(connection) as asked:
        shown(admin_client, adjust="qfq", **SPAN)

    assert len(asked) <= 15, "\n".join(query["sql"][:110] for query in asked)


def test_who_may_not_see_bars_sees_none(staff: Staff, stock: list[date]) -> None:
    html = shown(staff("view_security", "view_adjfactor"), **SPAN)

    assert 'data-role="bars"' not in html


@pytest.mark.parametrize("name", ["bokeh/bokeh.min.js", "bokeh/bokeh-api.min.js"])
def test_the_charts_files_come_from_the_installed_package(name: str) -> None:
    assert finders.find(name)
    assert finders.find("bokeh/bokeh.json") is None
