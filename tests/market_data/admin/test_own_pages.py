"""The pages of a stock, of a day, of the calendar and of denials."""

import re
from collections import Counter
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from market_data.admin.keyset import PAGE_SIZE
from market_data.engine.ledger import clock
from market_data.models import (
    CoverageCell,
    DailyBar,
    InterfaceDenial,
    Partition,
    RateLimitState,
    Revision,
    Security,
    Suspension,
)
from tests.market_data.admin.addresses import (
    CALENDAR_PAGE,
    DAY_PAGE,
    DAY_TABLES,
    DENIALS_PAGE,
    LISTS,
    STOCK_PAGE,
    STOCK_TABLES,
    change_page,
)
from tests.market_data.admin.conftest import DAYS, FIRST_DAY, STOCK, SYMBOLS


def text(cell: str) -> str:
    return re.sub("<[^>]*>", "", str(cell))


def rows_of(answer: Any) -> list[tuple[str, ...]]:
    return [tuple(text(cell) for cell in row) for row in answer.context["table"]["rows"]]


def every_row(client: Client, page: str, **parameters: str) -> list[tuple[str, ...]]:
    """The rows of all pages, each followed from the one before."""
    answer = client.get(page, parameters)
    rows = rows_of(answer)
    while key := answer.context["table"]["next_key"]:
        answer = client.get(page, {**parameters, "after": key})
        assert answer.status_code == 200
        rows += rows_of(answer)
    return rows


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize("table", STOCK_TABLES)
def test_the_pages_of_a_stock_show_every_row_once(admin_client: Client, days: list[date], table: str) -> None:
    models = {"suspend_d": Suspension, "cells": CoverageCell, "revisions": Revision}
    count = models.get(table, DailyBar)._default_manager.filter(symbol=STOCK).count()

    rows = every_row(admin_client, STOCK_PAGE, table=table)

    assert count > PAGE_SIZE
    assert len(rows) == count
    if table != "revisions":
        assert set(Counter(rows).values()) == {1}


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize("table", DAY_TABLES)
def test_the_pages_of_a_day_show_every_row_once_by_symbol(admin_client: Client, table: str) -> None:
    rows = every_row(admin_client, DAY_PAGE, table=table)

    symbols = [row[0] for row in rows]
    on_each = 3 if table == "suspend_d" else 1
    assert symbols == sorted(SYMBOLS * on_each)
    assert set(Counter(rows).values()) == {1}


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize("symbol", ["", "600"])
def test_the_sectors_of_a_day_are_all_shown_for_they_have_no_symbol(admin_client: Client, symbol: str) -> None:
    rows = every_row(admin_client, DAY_PAGE, table="sector_fund_flow", symbol=symbol)

    assert sorted(row[1] for row in rows) == [f"Sector {number:03d}" for number in range(DAYS)]


@pytest.mark.usefixtures("market")
def test_a_stock_shows_the_chosen_span_newest_first(admin_client: Client, days: list[date]) -> None:
    answer = admin_client.get(STOCK_PAGE, {"start": days[3].isoformat(), "end": days[6].isoformat()})

    shown = [cell for row in answer.context["table"]["rows"] if (cell := row[0])]
    links = [re.search(r"/day/([^/]+)/", link) for link in shown]
    assert [link[1] for link in links if link] == [days[n].isoformat() for n in (6, 5, 4, 3)]


@pytest.mark.usefixtures("market")
def test_a_span_that_does_not_exist_is_pointed_out(admin_client: Client) -> None:
    answer = admin_client.get(STOCK_PAGE, {"start": "2024-02-30"})

    assert "Enter a valid date" in answer.content.decode()


@pytest.mark.usefixtures("market")
def test_the_next_page_keeps_the_table_and_the_span(admin_client: Client) -> None:
    answer = admin_client.get(STOCK_PAGE, {"table": "suspend_d", "end": "2024-05-31"})

    address = re.search(r'<a href="([^"]+)">Next page', answer.content.decode())
    assert address
    following = admin_client.get(STOCK_PAGE + address[1].replace("&amp;", "&"))
    assert following.context["shown"].name == "suspend_d"
    assert following.context["form"].cleaned_data["end"] == date(2024, 5, 31)
    assert not set(rows_of(answer)) & set(rows_of(following))


@pytest.mark.parametrize("key", [["x"], ["2024-02-30"], ["2024-01-02", "S"]])
def test_a_key_that_is_none_is_a_bad_request(admin_client: Client, key: list[str]) -> None:
    assert admin_client.get(STOCK_PAGE, {"table": "daily", "after": key}).status_code == 400


@pytest.mark.parametrize("page", [STOCK_PAGE, DAY_PAGE])
def test_a_table_that_is_none_is_not_found(admin_client: Client, page: str) -> None:
    assert admin_client.get(page, {"table": "auth_user"}).status_code == 404


def test_a_stock_in_no_list_still_has_a_page(admin_client: Client) -> None:
    assert "in no list" in admin_client.get(STOCK_PAGE).content.decode()


@pytest.mark.usefixtures("market")
def test_a_stock_is_linked_from_its_row_and_its_own_page(admin_client: Client) -> None:
    for page in (LISTS["Security"], change_page(Security.objects.get(symbol=STOCK))):
        assert f'href="{STOCK_PAGE}"' in admin_client.get(page).content.decode()


@pytest.mark.usefixtures("ledger")
def test_a_day_is_linked_from_its_coverage(admin_client: Client) -> None:
    listed = admin_client.get(LISTS["Partition"], {"q": FIRST_DAY.isoformat()})

    assert f'href="{DAY_PAGE}"' in listed.content.decode()


@pytest.mark.usefixtures("market")
def test_a_day_shows_the_symbols_that_begin_as_asked(admin_client: Client) -> None:
    answer = admin_client.get(DAY_PAGE, {"symbol": "60001"})

    assert [row[0] for row in rows_of(answer)] == [f"60001{n}.SH" for n in range(10)]


@pytest.mark.usefixtures("market")
def test_a_day_names_who_is_missing_and_who_is_absent(admin_client: Client, days: list[date]) -> None:
    DailyBar.objects.filter(symbol__in=SYMBOLS[1:3], trade_date=days[0]).delete()
    moment = clock.now()
    CoverageCell.objects.create(
        dataset="daily", symbol=SYMBOLS[2], trade_date=days[0], absent=True, first_asked_at=moment, asked_at=moment
    )
    Suspension.objects.all().delete()
    Partition.objects.create(dataset="daily", trade_date=days[0], state="partial", expected=104, got=102, absent=1)

    (state,) = admin_client.get(DAY_PAGE).context["states"]

    assert (state.missing, state.absent) == ([SYMBOLS[1]], [SYMBOLS[2]])


@pytest.mark.usefixtures("market")
def test_a_day_without_any_row_names_some_and_tells_how_many_more(admin_client: Client, days: list[date]) -> None:
    Partition.objects.create(dataset="daily", trade_date=days[1], state="missing", expected=104)
    Suspension.objects.all().delete()

    answer = admin_client.get(reverse("admin:market_data_day", args=[days[1].isoformat()]))

    assert "and 3 more" in answer.content.decode()


@pytest.mark.usefixtures("days")
def test_a_day_leads_to_the_trading_days_around_it(admin_client: Client) -> None:
    sunday = reverse("admin:market_data_day", args=["2024-01-14"])

    answer = admin_client.get(sunday)

    assert (answer.context["previous_day"], answer.context["next_day"]) == (date(2024, 1, 12), date(2024, 1, 15))
    assert "The market was closed" in answer.content.decode()


@pytest.mark.parametrize("day", ["2024-02-30", "tomorrow"])
def test_a_day_that_does_not_exist_is_not_found(admin_client: Client, day: str) -> None:
    assert admin_client.get(reverse("admin:market_data_day", args=[day])).status_code == 404


@pytest.mark.usefixtures("days")
def test_the_calendar_shows_the_days_of_a_year(admin_client: Client) -> None:
    answer = admin_client.get(CALENDAR_PAGE, {"year": "2024"})

    assert len(rows_of(answer)) == 2 * DAYS + 1
    assert "?year=2023" in answer.content.decode()


@pytest.mark.parametrize("year", ["x", "0", "99999", "²"])
def test_a_year_that_does_not_exist_is_not_found(admin_client: Client, year: str) -> None:
    assert admin_client.get(CALENDAR_PAGE, {"year": year}).status_code == 404


def test_denials_can_be_seen_by_account(admin_client: Client) -> None:
    for account in ("tushare:a", "tushare:b"):
        InterfaceDenial.objects.create(
            account=account, api_name="suspend_d", message="no points", denied_at=clock.now()
        )

    assert [row[0] for row in rows_of(admin_client.get(DENIALS_PAGE))] == ["tushare:a", "tushare:b"]
    assert [row[0] for row in rows_of(admin_client.get(DENIALS_PAGE, {"account": "tushare:b"}))] == ["tushare:b"]


def test_an_account_leads_to_its_denials(admin_client: Client) -> None:
    RateLimitState.objects.create(account="tushare:b")

    page = admin_client.get(LISTS["RateLimitState"]).content.decode()

    assert f'href="{DENIALS_PAGE}?account=tushare%3Ab"' in page


@pytest.mark.usefixtures("market")
def test_a_day_is_sorted_by_the_column_whose_header_is_clicked(admin_client: Client) -> None:
    for at, symbol in enumerate(SYMBOLS):
        DailyBar.objects.filter(symbol=symbol, trade_date=FIRST_DAY).update(pct_chg=at if at % 3 else -at)
    DailyBar.objects.filter(symbol=SYMBOLS[0], trade_date=FIRST_DAY).update(pct_chg=None)
    stored = DailyBar.objects.filter(trade_date=FIRST_DAY, pct_chg__isnull=False)

    for sort, state in (("-pct_chg", "descending"), ("pct_chg", "ascending")):
        rows = every_row(admin_client, DAY_PAGE, table="daily", sort=sort)
        assert [row[0] for row in rows] == list(stored.order_by(sort, "symbol").values_list("symbol", flat=True))
        html = admin_client.get(DAY_PAGE, {"table": "daily", "sort": sort}).content.decode()
        assert html.count(f'aria-sort="{state}"') == 1
        assert "are left out" in html

    assert 'href="?table=daily&amp;sort=-pct_chg"' in admin_client.get(DAY_PAGE, {"table": "daily"}).content.decode()
    assert admin_client.get(DAY_PAGE, {"table": "daily", "sort": "nothing"}).status_code == 404
    assert admin_client.get(DAY_PAGE, {"table": "daily", "sort": "pct_chg", "after": ["x", "y"]}).status_code == 400
