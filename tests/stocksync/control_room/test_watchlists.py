"""A watchlist is made with a name, symbols and a time, and no JSON."""

from typing import Any

import pytest
from django.test import Client

from scheduling.models import JobConfig
from tests.stocksync.control_room.conftest import Person

pytestmark = pytest.mark.django_db
PAGE = "/admin/watchlists/add/"
GIVEN = {"name": "Banks", "symbols": "600000.sh, aapl\n000001.SZ", "at": "18:45", "days": "1-5"}


def test_a_watchlist_becomes_a_job(admin_client: Client) -> None:
    answer: Any = admin_client.post(PAGE, GIVEN)

    config = JobConfig.objects.get()
    assert answer.headers["Location"].endswith(f"/{config.pk}/change/")
    assert (config.job_name, config.job_type, config.cron_expression) == ("Banks", "watchlist", "45 18 * * 1-5")
    assert config.job_kwargs == {"stock_ids": ["600000.sh", "aapl", "000001.SZ"]}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"symbols": "no!symbol"}, "is no symbol"),
        ({"symbols": " , "}, "from 1 to 5000 symbols"),
        ({"at": "25:00"}, "Enter a valid time"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    admin_client: Client, changes: dict[str, str], sentence: str
) -> None:
    assert sentence in admin_client.post(PAGE, {**GIVEN, **changes}).content.decode()
    assert not JobConfig.objects.exists()


def test_who_may_add_no_job_adds_no_watchlist(person: Person) -> None:
    assert person("scheduling.view_jobconfig").post(PAGE, GIVEN).status_code == 403
