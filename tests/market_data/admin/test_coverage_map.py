"""The coverage map: an element per dataset and day, its panel, its buttons."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from market_data import background
from market_data.datasets import DATASETS
from market_data.models import CoverageMark, DailyBar, Partition
from tests.market_data.admin.test_access import Staff
from tests.market_data.builders import add_calendar, add_securities

pytestmark = pytest.mark.django_db
MAP = "/admin/coverage/"
FIRST, LAST = date(2024, 1, 1), date(2024, 3, 29)


@pytest.fixture
def quarter() -> list[date]:
    """A quarter of daily bars of three stocks: one day partial, one suspect, one that was never asked for."""
    days = add_calendar(FIRST, LAST)
    add_securities("600000.SH", "600001.SH", "600002.SH")
    states = {days[3]: "partial", days[5]: "suspect", days[8]: "failed"}
    Partition.objects.bulk_create(
        [
            Partition(dataset="daily", trade_date=day, state=states.get(day, "complete"), expected=3, got=2)
            for day in days
            if day != days[7]
        ]
    )
    DailyBar.objects.create(symbol="600000.SH", trade_date=days[3], close=1)
    return days


def cells(html: str) -> dict[tuple[str, str], str]:
    found = re.findall(r'data-dataset="(\w+)" data-day="([\d-]+)" data-state="(\w+)"', html)
    return {(name, day): state for name, day, state in found}


def shown(client: Client, **query: Any) -> str:
    answer = client.get(MAP, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_every_dataset_and_day_has_an_element_with_its_state(admin_client: Client, quarter: list[date]) -> None:
    found = cells(shown(admin_client, start=FIRST, end="2024-03-31"))

    assert {name for name, _ in found} >= {"daily", "adj_factor", "suspend_d", "income"}
    of_daily = {day: state for (name, day), state in found.items() if name == "daily"}
    assert list(of_daily) == [day.isoformat() for day in quarter]
    assert of_daily[quarter[3].isoformat()] == "partial"
    assert of_daily[quarter[5].isoformat()] == "suspect"
    assert of_daily[quarter[7].isoformat()] == "missing"
    assert of_daily[quarter[8].isoformat()] == "failed"
    assert found["adj_factor", quarter[0].isoformat()] == "never"


def test_a_month_shows_the_worst_of_its_days(admin_client: Client, quarter: list[date]) -> None:
    found = cells(shown(admin_client, start=FIRST, end=LAST, zoom="months"))

    of_daily = {day: state for (name, day), state in found.items() if name == "daily"}
    assert of_daily == {"2024-01-01": "failed", "2024-02-01": "complete", "2024-03-01": "complete"}


def test_ten_years_are_drawn_by_months_and_small(admin_client: Client) -> None:
    days = add_calendar(date(2014, 1, 1), date(2023, 12, 31))
    names = [name for name, d in DATASETS.items() if d.rhythm == "sessions" and d.parts in ("cells", "events")]
    Partition.objects.bulk_create(
        [Partition(dataset=name, trade_date=day, state="complete") for name in names for day in days]
    )

    html = shown(admin_client, start="2014-01-01", end="2023-12-31")

    assert sum(name == "daily" for name, _ in cells(html)) == 120
    assert len(html.encode()) < 300_000


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"start": "2024-02-30"}, "Enter a valid date"),
        ({"start": "2024-03-01", "end": "2024-01-01"}, "The first day lies behind the last one."),
        ({"dataset": "nonsense"}, "Select a valid choice"),
    ],
)
def test_a_span_that_cannot_be_is_refused_beside_its_field(
    admin_client: Client, query: dict[str, str], sentence: str
) -> None:
    assert sentence in shown(admin_client, **query)


def test_the_panel_tells_who_is_missing_and_what_a_repair_costs(admin_client: Client, quarter: list[date]) -> None:
    day = quarter[3].isoformat()

    html = admin_client.get(f"{MAP}panel/", {"dataset": "daily", "start": day, "end": day}).content.decode()

    assert "600001.SH" in html
    assert "600002.SH" in html
    assert "600000.SH" not in html
    assert re.search(r'data-role="price">\s*1 call, 2 rows, about 1 s', html)
    assert 'data-action="repair"' in html
    assert 'data-action="accept"' not in html


def test_a_suspect_day_can_be_accepted(admin_client: Client, quarter: list[date]) -> None:
    day = quarter[5].isoformat()

    html = admin_client.get(f"{MAP}panel/", {"dataset": "daily", "start": day, "end": day}).content.decode()

    assert 'data-action="accept"' in html
    admin_client.post(f"{MAP}accept/", {"dataset": "daily", "start": day, "end": day})
    assert Partition.objects.get(dataset="daily", trade_date=quarter[5]).state != "suspect"


def test_a_repair_is_handed_to_a_worker(
    admin_client: Client, quarter: list[date], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    run = "6f1c5d7e-0000-4000-8000-000000000000"
    monkeypatch.setattr(background, "sync", lambda **wanted: asked.append(wanted) or run)

    answer: Any = admin_client.post(
        f"{MAP}repair/", {"dataset": "daily", "start": "2024-01-04", "end": "2024-01-05"}, follow=True
    )

    assert asked == [{"datasets": ["daily"], "start": "2024-01-04", "end": "2024-01-05"}]
    assert run in answer.content.decode()


@pytest.mark.parametrize("order", ["repair", "accept"])
def test_an_order_needs_its_permission(staff: Staff, quarter: list[date], order: str) -> None:
    somebody = staff("view_partition")
    day = quarter[5].isoformat()
    given = {"dataset": "daily", "start": day, "end": day}

    assert "data-action=" not in somebody.get(f"{MAP}panel/", given).content.decode()
    assert somebody.post(f"{MAP}{order}/", given).status_code == 403
    assert Partition.objects.get(dataset="daily", trade_date=quarter[5]).state == "suspect"


@pytest.mark.parametrize("address", [MAP, f"{MAP}panel/", "/admin/backfill/"])
def test_the_map_needs_the_permission_to_see_coverage(staff: Staff, address: str) -> None:
    assert staff().get(address).status_code == 403


def test_the_map_asks_little_and_writes_nothing(admin_client: Client, quarter: list[date]) -> None:
    before = Partition.objects.count()

    with CaptureQueriesContext(connection) as asked:
        shown(admin_client, start=FIRST, end=LAST)

    assert len(asked) <= 15
    assert Partition.objects.count() == before
    assert not CoverageMark.objects.exists()


def test_a_day_that_is_not_due_yet_is_no_hole(admin_client: Client) -> None:
    today = timezone.localdate()
    Partition.objects.create(dataset="daily", trade_date=today - timedelta(days=7), state="complete")
    add_calendar(today - timedelta(days=7), today)

    found = cells(shown(admin_client))

    assert found.get(("daily", today.isoformat()), "not_due") in ("not_due", "missing")
