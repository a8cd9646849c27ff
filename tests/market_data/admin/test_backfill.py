"""The back-fill page: the price first, then the order, then how far it is."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from market_data import background
from tests.market_data.admin.conftest import add_task
from tests.market_data.admin.test_access import Staff
from tests.market_data.builders import add_calendar, add_securities

pytestmark = pytest.mark.django_db
PAGE = "/admin/backfill/"


@pytest.fixture(autouse=True)
def market() -> None:
    add_calendar(date(2024, 1, 1), date(2024, 3, 29))
    add_securities("600000.SH", "600001.SH")


def test_the_price_comes_before_the_button(admin_client: Client) -> None:
    page = admin_client.get(PAGE).content.decode()
    assert "Start the back-fill" not in page

    priced = admin_client.get(PAGE, {"datasets": ["daily"], "start": "2024-01-01", "end": "2024-01-31"})

    html = priced.content.decode()
    assert "46 rows, about" in html
    assert "stocks in 1 calls" in html or "stock by stock" in html or "by day for" in html
    assert "Start the back-fill" in html


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"datasets": []}, "Choose at least one dataset."),
        ({"datasets": ["nonsense"]}, "Select a valid choice"),
        ({"datasets": ["daily"], "symbols": "999999.SH"}, "No list has 999999.SH."),
        ({"datasets": ["daily"], "start": "2024-03-01", "end": "2024-01-01"}, "The first day lies behind the last"),
        ({"datasets": ["daily"], "start": "tomorrow"}, "Enter a valid date"),
    ],
)
def test_what_cannot_be_brought_is_refused_beside_its_field(
    admin_client: Client, query: dict[str, Any], sentence: str
) -> None:
    assert sentence in admin_client.post(PAGE, query).content.decode()


def test_an_order_is_handed_to_a_worker_and_shown(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(background, "sync", lambda **wanted: asked.append(wanted) or "run")

    answer: Any = admin_client.post(
        PAGE, {"datasets": ["daily", "adj_factor"], "start": "2024-01-01", "symbols": "600000.sh, 600001.SH"}
    )

    assert asked == [
        {"datasets": ["daily", "adj_factor"], "symbols": ["600000.SH", "600001.SH"], "start": "2024-01-01"}
    ]
    add_task(requests=4, dataset="daily", started_at=timezone.now() + timedelta(seconds=1))
    html = admin_client.get(answer.headers["Location"]).content.decode()
    assert "1 of 4 calls" in html
    assert "2,000 rows" in html


def test_who_may_not_run_sees_the_price_and_no_button(staff: Staff) -> None:
    somebody = staff("view_partition")
    given = {"datasets": ["daily"], "start": "2024-01-01", "end": "2024-01-31"}

    assert "data-action=" not in somebody.get(PAGE, given).content.decode()
    assert somebody.post(PAGE, given).status_code == 403
