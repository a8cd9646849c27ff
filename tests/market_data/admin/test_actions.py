"""What an operator can do: pause and cancel tasks, resolve failures, allow them another attempt."""

import re
from collections.abc import Callable
from datetime import timedelta

from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.test import Client

from market_data.datasets import DATASETS
from market_data.engine.ledger import clock
from market_data.engine.running import tasks
from market_data.models import CoverageMark, SyncFailureRecord
from tests.market_data.admin.addresses import LISTS, change_page
from tests.market_data.admin.conftest import FIRST_DAY, add_task, failure


def act(client: Client, action: str, *rows: Model) -> str:
    """Choose rows of a list and run an action. Returns the page that follows."""
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(LISTS[type(rows[0]).__name__], chosen, follow=True).content.decode()


def test_a_task_shows_its_progress(admin_client: Client) -> None:
    add_task(requests=5, dataset="daily")

    page = admin_client.get(LISTS["SyncTask"]).content.decode()

    assert "1 / 5" in page
    assert "2,000" in page


def test_cancelled_requests_stay_in_the_plan(admin_client: Client) -> None:
    task = add_task(requests=5, dataset="daily")

    page = act(admin_client, "cancel", task)

    assert "1 / 5" in page


def test_a_task_leads_to_its_requests_alone(admin_client: Client) -> None:
    task, other = add_task(requests=2, dataset="daily"), add_task(requests=3, dataset="adj_factor")

    address = f"{LISTS['SyncRequest']}?task={task.id}"

    assert f'href="{address}"' in admin_client.get(LISTS["SyncTask"]).content.decode()
    assert {r.task for r in admin_client.get(address).context["cl"].result_list} == {task}
    assert other.requests.count() == 3


def test_requests_of_a_task_are_filtered_by_state(admin_client: Client) -> None:
    task = add_task(requests=4, dataset="daily")

    found = admin_client.get(LISTS["SyncRequest"], {"task": str(task.id), "state__exact": "done"}).context["cl"]

    assert [request.state for request in found.result_list] == ["done"]


def test_pausing_asks_the_process_that_runs_a_task(admin_client: Client) -> None:
    task = tasks.start("DAILY_HISTORY", "daily", {}, 1)

    act(admin_client, "pause", task)

    task.refresh_from_db()
    assert (task.status, task.wanted) == ("RUNNING", "PAUSE")
    assert LogEntry.objects.get().get_change_message() == "Asked to pause."


def test_cancelling_drops_the_plan_of_a_task(admin_client: Client) -> None:
    task = add_task(requests=3, dataset="daily")

    act(admin_client, "cancel", task)

    task.refresh_from_db()
    assert task.status == "FAILED"
    assert sorted(task.requests.values_list("state", flat=True)) == ["cancelled", "cancelled", "done"]


def test_a_completed_task_is_left_alone_with_a_sentence_and_the_others_go_on(admin_client: Client) -> None:
    finished, waiting = add_task(status="COMPLETED", dataset="daily"), add_task(status="FAILED", dataset="adj_factor")

    page = act(admin_client, "pause", finished, waiting)

    finished.refresh_from_db()
    waiting.refresh_from_db()
    assert "is completed; there is nothing to pause" in page
    assert (finished.status, waiting.status) == ("COMPLETED", "PAUSED")


def test_who_may_only_view_cannot_act(staff: Callable[..., Client]) -> None:
    task, record = add_task(dataset="daily"), failure("600000.SH")
    record.save()
    somebody = staff("view_synctask", "view_syncfailurerecord")

    act(somebody, "cancel", task)
    act(somebody, "resolve", record)

    task.refresh_from_db()
    record.refresh_from_db()
    assert task.status == "PAUSED"
    assert record.resolved_at is None


def test_the_change_permission_lets_one_act(staff: Callable[..., Client]) -> None:
    record = failure("600000.SH")
    record.save()

    act(staff("change_syncfailurerecord"), "resolve", record)

    record.refresh_from_db()
    assert record.resolved_at


def test_resolving_closes_a_failure_and_has_its_days_counted_again(admin_client: Client) -> None:
    record = failure("600000.SH")
    record.save()

    act(admin_client, "resolve", record)

    record.refresh_from_db()
    assert record.resolved_at
    assert list(CoverageMark.objects.values_list("dataset", "start_date", "end_date")) == [
        ("daily", FIRST_DAY, FIRST_DAY)
    ]


def test_resolving_a_failure_of_a_list_marks_no_day(admin_client: Client) -> None:
    record = failure("L", dataset="stock_basic")
    record.save()

    act(admin_client, "resolve", record)

    assert DATASETS["stock_basic"].parts == "whole"
    assert not CoverageMark.objects.exists()
    assert not SyncFailureRecord.objects.filter(resolved_at=None).exists()


def test_resolving_again_keeps_the_first_moment(admin_client: Client) -> None:
    before = clock.now() - timedelta(days=2)
    record = failure("600000.SH", resolved_at=before)
    record.save()

    act(admin_client, "resolve", record)

    record.refresh_from_db()
    assert record.resolved_at == before


def test_allowing_a_retry_forgets_the_attempts_of_open_failures(admin_client: Client) -> None:
    record, closed = failure("600000.SH"), failure("600001.SH", resolved_at=clock.now())
    record.save()
    closed.save()

    act(admin_client, "allow_retry", record, closed)

    record.refresh_from_db()
    closed.refresh_from_db()
    assert (record.retry_count, closed.retry_count) == (0, 3)


def test_open_failures_come_first_and_the_latest_of_them_at_the_top(admin_client: Client) -> None:
    now = clock.now()
    for symbol, hours, resolved in (("C", 1, now), ("B", 3, None), ("A", 2, None)):
        failure(symbol, last_attempt_at=now - timedelta(hours=hours), resolved_at=resolved).save()

    shown = admin_client.get(LISTS["SyncFailureRecord"]).context["cl"].result_list
    resolved = admin_client.get(LISTS["SyncFailureRecord"], {"resolved": "yes"}).context["cl"].result_list

    assert [record.third_code for record in shown] == ["A", "B", "C"]
    assert [record.third_code for record in resolved] == ["C"]


def test_evidence_is_printed_over_several_lines(admin_client: Client) -> None:
    record = failure("600000.SH", evidence={"平安": {"close": -1}})
    record.save()

    page = admin_client.get(change_page(record)).content.decode()

    assert "{\n  &quot;平安&quot;: {\n    &quot;close&quot;: -1\n  }\n}" in page


def test_a_failure_shows_its_days_where_it_has_some(admin_client: Client) -> None:
    failure("600000.SH").save()
    SyncFailureRecord.objects.create(
        dataset="global_daily", third_code="AAPL", error_message="gone", max_retries=3, last_attempt_at=clock.now()
    )
    page = admin_client.get("/admin/market_data/syncfailurerecord/").content.decode()
    cells = re.findall(r"<td[^>]*field-days[^>]*>\s*(.*?)\s*</td>", page, re.DOTALL)
    assert sorted(cells) == ["-", FIRST_DAY.isoformat()]
