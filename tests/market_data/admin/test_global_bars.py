"""The page of bars of any market, and watchlists made in the admin."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from market_data.models import GlobalBar
from scheduling.models import JobConfig
from tests.market_data.admin.addresses import GLOBAL_PAGE
from tests.market_data.admin.conftest import STOCK, SYMBOLS
from tests.scheduling.admin.pages import NEW_JOB, errors, save
from tests.scheduling.conftest import broker_in_memory

__all__ = ["broker_in_memory"]
pytestmark = pytest.mark.django_db


def rows_of(client: Client, **parameters: str) -> list[list[Any]]:
    return list(client.get(GLOBAL_PAGE, parameters).context["table"]["rows"])


@pytest.mark.usefixtures("market")
def test_the_bars_of_a_symbol_are_shown_newest_first(admin_client: Client, days: list[date]) -> None:
    first, second, *_ = rows_of(admin_client, symbol=STOCK.lower())
    assert (days[-1].isoformat() in first[1], days[-2].isoformat() in second[1]) == (True, True)
    assert rows_of(admin_client, symbol="NOBODY") == []


@pytest.mark.usefixtures("market")
def test_without_a_symbol_everybody_is_shown_on_the_last_day(admin_client: Client, days: list[date]) -> None:
    assert [STOCK in row[0] for row in rows_of(admin_client)] == [True]
    GlobalBar.objects.exclude(trade_date=days[0]).delete()
    assert len(rows_of(admin_client)) == 100
    assert SYMBOLS[0] in rows_of(admin_client)[0][0]


def test_a_watchlist_is_made_in_the_admin(admin_client: Client) -> None:
    wanted = {"job_type": "watchlist", "job_id": "mine", "job_name": "Mine", "cron_expression": "30 16 * * *"}
    answer = admin_client.get(NEW_JOB)
    assert "such as 600000.SH or AAPL" in answer.content.decode()
    save(admin_client, NEW_JOB, **wanted, job_kwargs='{"stock_ids": ["aapl", "600000.SS"], "prefix": "mine"}')
    config = JobConfig.objects.get(job_id="mine")
    assert (config.job_type, config.cron_expression) == ("watchlist", "30 16 * * *")
    assert config.declaration is not None
    assert config.declaration.check_kwargs(config.job_kwargs)["stock_ids"] == ["AAPL", "600000.SH"]


def test_a_watchlist_without_symbols_is_refused_in_the_admin(admin_client: Client) -> None:
    answer = save(admin_client, NEW_JOB, job_type="watchlist", job_id="mine", job_name="M", job_kwargs="{}")
    assert "stock_ids" in str(errors(answer))
    assert not JobConfig.objects.exists()
