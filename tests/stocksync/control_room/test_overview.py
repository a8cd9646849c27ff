"""The first page: the sentence, the datasets, and who may press what."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from market_data.engine.ledger import clock
from market_data.models import CircuitState, Partition, SyncTask
from scheduling import control
from scheduling.models import Execution, Incident, JobConfig
from tests.market_data.admin.conftest import add_task, failure
from tests.stocksync.control_room.conftest import Person

pytestmark = pytest.mark.django_db
HOME = "/admin/"
SEES_ALL = ("market_data.view_partition", "scheduling.view_execution", "scheduling.view_jobconfig")


def lines(html: str) -> dict[str, dict[str, str]]:
    """What each dataset's element says of it."""
    found = re.findall(r'data-dataset="(\w+)" data-state="(\w+)" data-complete-until="([\d-]*)"', html)
    return {name: {"state": state, "until": until} for name, state, until in found}


def said(html: str) -> str:
    match = re.search(r'data-role="verdict"[^>]*>([^<]*)', html)
    assert match
    return " ".join(match[1].split())


def shown(client: Client, **headers: str) -> str:
    answer = client.get(HOME, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_database_shows_what_is_to_do(admin_client: Client) -> None:
    html = shown(admin_client)

    assert "Nothing is stored yet" in said(html)
    assert "First start" in html
    assert lines(html)["daily"] == {"state": "never", "until": ""}


def test_complete_data_is_said_to_be(admin_client: Client, sessions: list[date]) -> None:
    html = shown(admin_client)

    assert said(html).startswith("Everything due is complete up to")
    assert lines(html)["daily"] == {"state": "complete", "until": sessions[-1].isoformat()}


def test_a_late_day_is_said_with_its_share_and_its_next_moment(admin_client: Client, sessions: list[date]) -> None:
    Partition.objects.filter(trade_date=sessions[-1]).update(state="partial", got=1)
    control.create("sync_daily_by_date", schedule=control.cron("10 18 * * *"))

    html = shown(admin_client)

    assert "Daily bars is late" in said(html)
    assert "50% of its rows" in said(html)
    assert re.search(r"It is asked again at .*18:10\.", said(html))
    assert lines(html)["daily"] == {"state": "late", "until": sessions[-2].isoformat()}


def test_a_suspect_day_needs_a_person(admin_client: Client, sessions: list[date]) -> None:
    Partition.objects.filter(trade_date=sessions[-3]).update(state="suspect")

    html = shown(admin_client)

    assert "not plausible" in said(html)
    assert lines(html)["daily"] == {"state": "suspect", "until": sessions[-4].isoformat()}
    assert "Daily bars: the answer for 1 day is not plausible." in html


def test_a_hole_is_told_with_how_far_the_data_reaches(admin_client: Client, sessions: list[date]) -> None:
    Partition.objects.filter(trade_date=sessions[5]).delete()

    html = shown(admin_client)

    assert lines(html)["daily"] == {"state": "partial", "until": sessions[4].isoformat()}
    assert "Without a hole it reaches to" in said(html)


def test_what_waits_for_a_person_has_its_button(admin_client: Client, sessions: list[date]) -> None:
    failure("600000.SH").save()
    CircuitState.objects.create(host="push2.eastmoney.com", open_until=timezone.now() + timedelta(hours=1))
    control.create("housekeeping", schedule=control.interval(60))
    control.pause("housekeeping", "Eastmoney blocks us")

    html = shown(admin_client)

    assert "600000.SH: The source sent a row" in html
    assert "Eastmoney blocks us" in html
    assert "push2.eastmoney.com refuses us" in html
    config = JobConfig.objects.get()
    admin_client.post(f"/admin/jobs/{config.pk}/resume/")
    admin_client.post("/admin/hosts/push2.eastmoney.com/close/")
    config.refresh_from_db()
    assert config.paused_at is None
    assert CircuitState.objects.get().open_until is None


def test_faults_that_go_on_are_told_and_those_that_are_over_are_not(
    admin_client: Client, person: Person, sessions: list[date]
) -> None:
    now = timezone.now()
    texts = {"run:audit": "audit ended as PARTIAL: 12 findings", "clock:a": "The clock of a is 90.0 s ahead"}
    for key, text in texts.items():
        Incident.objects.create(key=key, kind=key.partition(":")[0], text=text, opened_at=now, seen_at=now)
    Incident.objects.create(
        key="disk:a", kind="disk", text="The disk was full", opened_at=now, seen_at=now, closed_at=now
    )
    Incident.objects.create(key="late:daily", kind="late", text="daily is late", opened_at=now, seen_at=now)

    html = shown(admin_client)

    assert all(text in html for text in texts.values())
    assert html.count('href="/admin/scheduling/incident/"') >= 2
    assert "The disk was full" not in html
    assert "daily is late" not in html
    assert "90.0 s ahead" not in shown(person("market_data.view_partition"))


def test_sync_now_queues_a_run_of_the_dataset(admin_client: Client, sessions: list[date]) -> None:
    answer: Any = admin_client.post("/admin/sync-now/", {"dataset": "daily"}, follow=True)

    run = Execution.objects.get()
    assert (run.job_id, run.kwargs["datasets"], run.kwargs["latest"]) == ("backfill", ["daily"], True)
    assert f"/admin/scheduling/execution/{run.id}/change/" in answer.content.decode()


def test_a_dataset_that_is_none_is_not_synced(admin_client: Client) -> None:
    assert admin_client.post("/admin/sync-now/", {"dataset": "nonsense"}).status_code == 404
    assert not Execution.objects.exists()


def test_what_runs_can_be_paused_resumed_and_cancelled(admin_client: Client, sessions: list[date]) -> None:
    task = add_task(requests=10, dataset="daily", status="PAUSED", started_at=clock.now())

    assert f'action="/admin/sync-tasks/{task.id}/resume/"' in shown(admin_client)
    admin_client.post(f"/admin/sync-tasks/{task.id}/resume/")
    assert Execution.objects.get().kwargs == {"task_id": str(task.id)}
    admin_client.post(f"/admin/sync-tasks/{task.id}/cancel/")

    assert SyncTask.objects.get().reason == "Cancelled by a person."


def test_a_run_is_cancelled_from_the_first_page(admin_client: Client, sessions: list[date]) -> None:
    admin_client.post("/admin/sync-now/", {"dataset": "daily"})
    run = Execution.objects.get()

    assert f'action="/admin/runs/{run.id}/cancel/"' in shown(admin_client)
    admin_client.post(f"/admin/runs/{run.id}/cancel/")

    run.refresh_from_db()
    assert run.status == "CANCELLED"


BUTTONS = {
    "/admin/sync-now/": "scheduling.add_execution",
    "/admin/sync-tasks/6f1c5d7e-0000-4000-8000-000000000000/pause/": "market_data.change_synctask",
    "/admin/sync-tasks/6f1c5d7e-0000-4000-8000-000000000000/cancel/": "market_data.change_synctask",
    "/admin/runs/6f1c5d7e-0000-4000-8000-000000000000/cancel/": "scheduling.change_execution",
    "/admin/jobs/6f1c5d7e-0000-4000-8000-000000000000/resume/": "scheduling.change_jobconfig",
    "/admin/hosts/push2.eastmoney.com/close/": "market_data.change_circuitstate",
}


@pytest.mark.parametrize("address", BUTTONS)
def test_an_order_without_the_permission_is_refused(person: Person, address: str) -> None:
    somebody = person(*SEES_ALL)

    assert somebody.post(address, {"dataset": "daily"}).status_code == 403
    assert not Execution.objects.exists()


@pytest.mark.parametrize(("address", "permission"), BUTTONS.items())
def test_an_order_with_the_permission_is_not_forbidden(person: Person, address: str, permission: str) -> None:
    assert person(permission).post(address, {"dataset": "daily"}).status_code in (302, 404)


@pytest.mark.parametrize("address", BUTTONS)
def test_an_address_of_a_button_does_nothing_by_get(admin_client: Client, address: str) -> None:
    assert admin_client.get(address).status_code == 405


def test_who_may_only_look_sees_no_button(person: Person, sessions: list[date]) -> None:
    add_task(requests=2, dataset="daily", status="PAUSED", started_at=clock.now())

    html = shown(person(*SEES_ALL, "market_data.view_synctask"))

    assert "data-action=" not in html
    assert lines(html)["daily"]["state"] == "complete"


def test_who_may_see_nothing_sees_no_data(person: Person, sessions: list[date]) -> None:
    html = shown(person())

    assert lines(html) == {}
    assert "ask an administrator" in html


def test_the_first_page_asks_at_most_fifteen_questions(admin_client: Client, sessions: list[date]) -> None:
    Partition.objects.filter(trade_date=sessions[5]).delete()
    Partition.objects.filter(trade_date=sessions[-1]).update(state="partial")
    failure("600000.SH").save()
    add_task(requests=2, dataset="daily", status="PAUSED", started_at=clock.now())
    control.create("sync_daily_by_date", schedule=control.cron("10 18 * * *"))
    admin_client.post("/admin/sync-now/", {"dataset": "daily"})
    shown(admin_client)

    with CaptureQueriesContext(connection) as asked:
        shown(admin_client)

    # PostgreSQL's limiter keeps its rows in the database; the first page leaves them to the part that moves.
    assert len(asked) <= 15, "\n".join(query["sql"][:110] for query in asked)


def test_the_part_that_moves_needs_the_permission_to_see_runs(person: Person, admin_client: Client) -> None:
    assert admin_client.get("/admin/live/").status_code == 200
    assert person().get("/admin/live/").status_code == 403
