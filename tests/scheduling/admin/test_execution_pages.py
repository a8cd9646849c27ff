"""The list of executions and the page of one."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scheduling import control, executions, running
from scheduling.context import Status
from scheduling.models import Execution, JobConfig
from tests.scheduling.admin.conftest import ended
from tests.scheduling.admin.pages import EXECUTIONS, page_of, told
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db
PAGE_SIZE = 100


def shown(client: Client, **parameters: Any) -> list[Execution]:
    return list(client.get(EXECUTIONS, parameters).context["cl"].result_list)


def make_many(count: int) -> None:
    now = timezone.now()
    fields = {"job_id": "job", "job_type": "job", "trigger": "schedule", "queue": "sync", "status": "SUCCESS"}
    Execution.objects.bulk_create(
        [Execution(**fields, queued_at=now - timedelta(minutes=number)) for number in range(count)]
    )


def test_it_opens_on_an_empty_database(admin_client: Client) -> None:
    assert "0 executions" in " ".join(admin_client.get(EXECUTIONS).content.decode().split())


def test_the_newest_comes_first(admin_client: Client) -> None:
    now = timezone.now()
    runs = [ended(queued_at=now - timedelta(minutes=number)) for number in (2, 0, 1)]

    assert shown(admin_client) == [runs[1], runs[2], runs[0]]


def test_it_is_filtered_by_job_status_and_date(admin_client: Client) -> None:
    failed = ended(status=Status.FAILED)
    other = ended("other")
    old = ended(queued_at=timezone.now() - timedelta(days=400))

    assert shown(admin_client, job_id="other") == [other]
    assert shown(admin_client, status__exact="FAILED") == [failed]
    recent = (timezone.now() - timedelta(days=7)).isoformat()
    assert old not in shown(admin_client, queued_at__gte=recent)
    assert len(shown(admin_client, queued_at__gte=recent)) == 2


def test_the_filter_offers_the_jobs_that_ran_and_the_one_that_is_chosen(admin_client: Client) -> None:
    ended("one")
    ended("two")

    page = admin_client.get(EXECUTIONS, {"job_id": "three"}).content.decode()

    assert all(f"?job_id={name}" in page for name in ("one", "two", "three"))


def test_a_search_finds_a_job_or_an_execution_by_its_whole_id(admin_client: Client) -> None:
    run, other = ended("one"), ended("two")
    by_uuid = ended(str(uuid.uuid4()))

    assert shown(admin_client, q="one") == [run]
    assert shown(admin_client, q=str(other.id)) == [other]
    assert shown(admin_client, q=by_uuid.job_id) == [by_uuid]
    assert shown(admin_client, q="on") == []


def test_nothing_counts_the_table(admin_client: Client) -> None:
    make_many(3 * PAGE_SIZE)

    with CaptureQueriesContext(connection) as queries:
        assert len(shown(admin_client, p=2)) == PAGE_SIZE

    asked = [query["sql"] for query in queries.captured_queries]
    assert not [sql for sql in asked if "COUNT" in sql and "scheduler_execution_log" in sql]
    assert len(asked) <= 7  # PostgreSQL's limit for the request is one of them


def test_the_pages_show_every_run_once(admin_client: Client) -> None:
    make_many(2 * PAGE_SIZE + 1)

    pages = [shown(admin_client, p=number) for number in (1, 2, 3)]

    assert [len(page) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 1]
    assert len({run.id for page in pages for run in page}) == 2 * PAGE_SIZE + 1


@pytest.mark.parametrize("page", ["0", "-1", "4", "x", "999999"])
def test_a_page_that_is_not_there_shows_no_more_than_a_page(admin_client: Client, page: str) -> None:
    make_many(2 * PAGE_SIZE)

    answer = admin_client.get(EXECUTIONS, {"p": page, "all": ""}, follow=True)

    assert len(answer.context["cl"].result_list) == PAGE_SIZE


def test_the_page_tells_the_story(admin_client: Client, job: JobConfig) -> None:
    moment = timezone.now().replace(microsecond=0)
    run = ended(
        status=Status.FAILED,
        scheduled_for=moment,
        duration_ms=3_723_000,
        attempt=3,
        failures=1,
        losses=1,
        overdue_at=moment,
        finish_by=moment,
        cancel_requested_at=moment,
        error_message="The source <is> down.",
        result={"name": "平安", "rows": 12},
        progress_done=1200,
        progress_total=5000,
        celery_task_id="abc",
        kwargs={"days": 9},
    )
    executions.add_lines(run, [(moment, "WARNING", "Attempt 1 <failed>")])

    page = admin_client.get(page_of(run)).content.decode()

    at = f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"
    for text in (
        f"queued (schedule), due at {at}",
        "Attempt 3 on host:1",
        "Attempts that failed: 1, that lost their worker: 1",
        f"{at}: overdue; it should have ended by {at}",
        f"{at}: a person asked for its end",
        "FAILED</strong> after 1:02:03",
        "The source &lt;is&gt; down.",
        "{\n  &quot;name&quot;: &quot;平安&quot;,\n  &quot;rows&quot;: 12\n}",
        "1,200 of 5,000",
        f"{at} WARNING Attempt 1 &lt;failed&gt;",
        "/admin/django_celery_results/taskresult/?task_id=abc",
        "&quot;days&quot;: 9",
        page_of(job),
    ):
        assert text in page, text


@pytest.mark.parametrize("status", list(Status))
def test_every_state_has_a_page(admin_client: Client, status: Status) -> None:
    run = ended(status=status, scheduled_for=None, finished_at=None, duration_ms=None)
    Execution.objects.update(not_before=timezone.now())

    page = admin_client.get(page_of(run)).content.decode()

    is_active = status in executions.ACTIVE
    assert ('action="../cancel/"' in page, 'action="../retry/"' in page) == (is_active, not is_active)
    assert ("The next attempt starts after" in page) == (status == Status.QUEUED)


def test_celerys_own_result_can_be_opened(admin_client: Client) -> None:
    assert admin_client.get("/admin/django_celery_results/taskresult/?task_id=abc").status_code == 200


def test_cancelling_ends_what_is_queued_and_asks_what_runs(admin_client: Client, job: JobConfig) -> None:
    queued = running.trigger_now("job")
    answer = admin_client.post(page_of(queued, "cancel"), follow=True)
    assert "job: asked to end." in told(answer)
    queued.refresh_from_db()
    assert queued.status == Status.CANCELLED

    active = ended(status=Status.RUNNING, finished_at=None)
    assert "ends at its next checkpoint" in admin_client.post(page_of(active, "cancel"), follow=True).content.decode()
    active.refresh_from_db()
    assert active.cancel_requested_at


def test_what_has_ended_cannot_be_cancelled(admin_client: Client) -> None:
    run = ended()

    assert "has ended already" in told(admin_client.post(page_of(run, "cancel"), follow=True))


def test_running_again_makes_a_run_that_leads_back(admin_client: Client, job: JobConfig) -> None:
    run = ended(status=Status.FAILED, kwargs={"days": 9})

    answer = admin_client.post(page_of(run, "retry"), follow=True)

    again = Execution.objects.exclude(id=run.id).get()
    assert (again.kwargs, again.status, again.retry_of) == ({"days": 9}, Status.QUEUED, run)
    assert page_of(again) in told(answer)
    assert page_of(run) in answer.content.decode()
    assert page_of(again) in admin_client.get(page_of(run)).content.decode()


def test_what_cannot_run_again_says_why(admin_client: Client, declare: Declare) -> None:
    declare()
    active, orphan = ended(status=Status.RUNNING), ended("gone")

    assert "has not ended" in told(admin_client.post(page_of(active, "retry"), follow=True))
    assert "There is no job gone." in told(admin_client.post(page_of(orphan, "retry"), follow=True))


def test_an_order_to_a_run_that_is_gone_is_told(admin_client: Client, job: JobConfig) -> None:
    run = ended()
    run_page = page_of(run, "cancel")
    Execution.objects.all().delete()

    assert "There is no execution" in told(admin_client.post(run_page, follow=True))


@pytest.mark.parametrize("order", ["cancel", "retry"])
def test_orders_are_given_by_post_only(admin_client: Client, order: str) -> None:
    assert admin_client.get(page_of(ended(), order)).status_code == 405


def test_nobody_edits_adds_or_deletes_an_execution(admin_client: Client) -> None:
    run = ended()

    assert admin_client.post(page_of(run), {}).status_code == 403
    assert admin_client.post(page_of(run, "delete"), {"post": "yes"}).status_code == 403
    assert admin_client.get(f"{EXECUTIONS}add/").status_code == 403


def test_the_run_of_a_deleted_job_has_a_page(admin_client: Client, job: JobConfig) -> None:
    run = running.trigger_now("job")
    control.delete("job")

    assert "Cancelled: its job was deleted." in admin_client.get(page_of(run)).content.decode()
