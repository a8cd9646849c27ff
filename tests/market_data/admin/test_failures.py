"""The failures' page: what waits for whom, and one order for all that are alike."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from market_data.engine.ledger import clock
from market_data.models import SyncFailureRecord
from tests.market_data.admin.addresses import LISTS
from tests.market_data.admin.conftest import failure
from tests.market_data.admin.test_access import Staff

PAGE = LISTS["SyncFailureRecord"]


@pytest.fixture(autouse=True)
def some(db: None) -> None:
    """Two of daily that were tried often enough, one that was not, one of another dataset, two that are over."""
    for symbol, retries in (("600001.SH", 3), ("600002.SH", 3), ("600003.SH", 1)):
        failure(symbol, retry_count=retries, max_retries=3).save()
    failure("600004.SH", dataset="adj_factor", retry_count=5, max_retries=3).save()
    failure("600005.SH", resolved_at=clock.now()).save()
    failure("600006.SH", resolved_at=clock.now() - timedelta(days=2)).save()


def part(html: str, role: str) -> str:
    return " ".join(html.split(f'data-role="{role}"')[1].split("</section>")[0].split())


def codes(client: Client, **parameters: str) -> set[str]:
    found = client.get(PAGE, parameters).context["cl"].result_list
    return {record.third_code[:6] for record in found}


def test_those_that_are_alike_are_one_line(admin_client: Client) -> None:
    html = admin_client.get(PAGE).content.decode()

    yours, the_sources = part(html, "waits-for-you"), part(html, "waits-for-the-source")
    assert "2 failures, last tried" in yours
    assert "1 failure, last tried" in yours
    assert yours.count('data-action="retry-alike"') == 2
    assert "1 failure, last tried" in the_sources
    assert codes(admin_client, stage="person", dataset="daily") == {"600001", "600002"}
    assert codes(admin_client, stage="source") == {"600003"}
    assert codes(admin_client, stage="today") == {"600005"}


@pytest.mark.parametrize("order", ["allow_retry", "resolve"])
def test_one_order_is_for_all_that_are_alike_and_for_no_other(admin_client: Client, order: str) -> None:
    answer = admin_client.post(f"{PAGE}alike/", {"dataset": "daily", "order": order}, follow=True)

    assert "2 of the chosen were open" in answer.content.decode()
    freed = {"600001", "600002"} if order == "allow_retry" else set()
    assert codes(admin_client, stage="source") == {"600003"} | freed
    assert codes(admin_client, stage="person") == {"600004"}
    assert LogEntry.objects.count() == 2


def test_who_may_only_look_has_no_order(staff: Staff) -> None:
    client = staff("view_syncfailurerecord")

    html = client.get(PAGE).content.decode()

    assert "2 failures, last tried" in html
    assert "data-action" not in part(html, "waits-for-you")
    assert client.post(f"{PAGE}alike/", {"dataset": "daily", "order": "resolve"}).status_code == 403
    assert SyncFailureRecord.objects.filter(resolved_at=None).count() == 4
