"""The command palette finds stocks, jobs, datasets and failures, each for who may see it."""

import pytest
from django.core.cache import cache
from django.test import Client

from market_data.models import Security
from scheduling import control
from tests.market_data.admin.conftest import failure
from tests.stocksync.control_room.conftest import Person

pytestmark = pytest.mark.django_db
SEES = {
    "market_data.view_security": "/admin/stocks/600000.SH/",
    "market_data.view_partition": "/admin/coverage/?dataset=daily",
    "scheduling.view_jobconfig": "/admin/scheduling/jobconfig/",
    "market_data.view_syncfailurerecord": "/admin/market_data/syncfailurerecord/",
}


@pytest.fixture(autouse=True)
def stored() -> None:
    cache.clear()
    Security.objects.create(symbol="600000.SH", name="浦发银行", cnspell="PFYH")
    control.create("sync_daily_by_date", schedule=control.cron("0 18 * * *"))
    failure("600000.SH").save()


def found(client: Client, text: str) -> str:
    return client.get("/admin/search/", {"extended": "1", "s": text}).content.decode()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("600000", SEES["market_data.view_security"]),
        ("浦发", SEES["market_data.view_security"]),
        ("pfyh", SEES["market_data.view_security"]),
        ("daily bars", SEES["market_data.view_partition"]),
        ("sync_daily_by", SEES["scheduling.view_jobconfig"]),
        ("600000", SEES["market_data.view_syncfailurerecord"]),
    ],
)
def test_it_finds_by_words_of_people(admin_client: Client, text: str, address: str) -> None:
    assert f'href="{address}' in found(admin_client, text)


@pytest.mark.parametrize("permission", SEES)
def test_nobody_finds_what_they_may_not_see(person: Person, permission: str) -> None:
    client = person(*(other for other in SEES if other != permission))

    for text in ("600000", "daily"):
        assert f'href="{SEES[permission]}' not in found(client, text)
