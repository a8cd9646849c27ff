"""Who may see which page, and who may do what."""

import pytest
from django.test import Client
from django.urls import reverse

from scheduling import control
from scheduling.context import Status
from scheduling.models import Execution, JobConfig, Pool
from tests.scheduling.admin.conftest import Staff, ended
from tests.scheduling.admin.pages import EXECUTIONS, JOBS, NEW_JOB, act, page_of, save, saved

pytestmark = pytest.mark.django_db
POOLS = reverse("admin:scheduling_pool_changelist")
ORDERS = ("enable", "disable", "pause", "resume")


@pytest.mark.parametrize("page", [JOBS, NEW_JOB, EXECUTIONS, POOLS])
def test_strangers_are_sent_to_the_login(client: Client, page: str) -> None:
    assert client.get(page).headers["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("page", [JOBS, NEW_JOB, EXECUTIONS, POOLS])
def test_staff_without_permission_is_refused(staff: Staff, page: str) -> None:
    assert staff().get(page).status_code == 403


def test_staff_without_permission_gives_no_order(staff: Staff, job: JobConfig) -> None:
    somebody, run = staff(), ended(status=Status.RUNNING, finished_at=None)

    assert somebody.get(page_of(job)).status_code == 403
    for place in (*ORDERS, "run"):
        assert somebody.post(page_of(job, place), {"note": "why", "key": "k"}).status_code == 403
    for place in ("cancel", "retry"):
        assert somebody.post(page_of(run, place)).status_code == 403
    assert saved("job").enabled
    assert saved("job").paused_at is None
    run.refresh_from_db()
    assert (Execution.objects.count(), run.cancel_requested_at) == (1, None)


def test_who_may_only_view_sees_no_buttons_and_gives_no_order(staff: Staff, job: JobConfig) -> None:
    somebody, run = staff("view_jobconfig", "view_execution"), ended()

    pages = [somebody.get(page) for page in (JOBS, page_of(job), EXECUTIONS, page_of(run))]

    assert [page.status_code for page in pages] == [200] * 4
    html = "".join(page.content.decode() for page in pages)
    for place in (*ORDERS, "retry", "cancel", "run"):
        assert f'/{place}/"' not in html
    assert 'name="_save"' not in html
    assert 'name="action"' not in html
    for place in (*ORDERS, "run"):
        assert somebody.post(page_of(job, place), {"note": "why", "key": "k"}).status_code == 403
    assert somebody.post(page_of(job), {"job_name": "Other"}).status_code == 403
    act(somebody, "disable", job)
    act(somebody, "run_now", job)
    assert saved("job").enabled
    assert Execution.objects.count() == 1


def test_who_may_only_view_sees_the_schedule(staff: Staff, job: JobConfig) -> None:
    control.set_interval("job", 90)

    page = staff("view_jobconfig").get(page_of(job)).content.decode()

    assert "Every 90 seconds" in page
    assert ">90<" in page


def test_the_change_permission_lets_one_edit_and_switch_but_not_run(staff: Staff, job: JobConfig) -> None:
    somebody = staff("change_jobconfig")

    save(somebody, page_of(job), cron_expression="45 18 * * *")
    somebody.post(page_of(job, "disable"))

    assert (saved("job").cron_expression, saved("job").enabled) == ("45 18 * * *", False)
    assert 'run/"' not in somebody.get(page_of(job)).content.decode()
    assert somebody.post(page_of(job, "run"), {"key": "k"}).status_code == 403


def test_adding_executions_is_the_permission_to_run(staff: Staff, job: JobConfig) -> None:
    somebody = staff("view_jobconfig", "add_execution")

    assert page_of(job, "run") in somebody.get(page_of(job)).content.decode()
    somebody.post(page_of(job, "run"), {"kwargs": "", "key": "k"})

    assert Execution.objects.count() == 1
    assert somebody.post(page_of(job, "disable")).status_code == 403


def test_changing_executions_is_the_permission_to_cancel(staff: Staff, job: JobConfig) -> None:
    somebody, run = staff("change_execution"), ended(status=Status.RUNNING, finished_at=None)

    assert 'action="../cancel/"' in somebody.get(page_of(run)).content.decode()
    somebody.post(page_of(run, "cancel"))

    run.refresh_from_db()
    assert run.cancel_requested_at
    assert somebody.post(page_of(run, "retry")).status_code == 403


def test_history_is_for_those_who_may_view_executions(staff: Staff, job: JobConfig) -> None:
    run = ended()

    assert page_of(run) not in staff("view_jobconfig").get(page_of(job)).content.decode()


@pytest.mark.parametrize("place", [*ORDERS, "run"])
def test_orders_without_a_csrf_token_are_refused(admin_user: object, job: JobConfig, place: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)  # type: ignore[arg-type]

    assert client.post(page_of(job, place), {"note": "why", "key": "k"}).status_code == 403
    assert saved("job").enabled
    assert not Execution.objects.exists()


@pytest.mark.parametrize(("on", "place", "field"), [("change", "pause", "note"), ("run", "run", "kwargs")])
def test_a_form_sends_its_csrf_token(admin_user: object, job: JobConfig, on: str, place: str, field: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)  # type: ignore[arg-type]
    page = client.get(page_of(job, on)).content.decode()
    form = next(part for part in page.split("<form")[1:] if f'name="{field}"' in part)
    token = form.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]

    values = {"note": "why", "key": "k", "csrfmiddlewaretoken": token}

    assert client.post(page_of(job, place), values).status_code == 302


@pytest.mark.parametrize("place", ["disable", "enable"])
def test_a_button_sends_its_csrf_token(admin_user: object, job: JobConfig, place: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)  # type: ignore[arg-type]
    (control.disable if place == "enable" else control.enable)("job")
    button = client.get(page_of(job)).content.decode().split(f'action="../{place}/"')[1]
    token = button.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]

    assert client.post(page_of(job, place), {"csrfmiddlewaretoken": token}).status_code == 302


def test_executions_are_told_nothing_without_a_csrf_token(admin_user: object) -> None:
    client, run = Client(enforce_csrf_checks=True), ended(status=Status.RUNNING)
    client.force_login(admin_user)  # type: ignore[arg-type]

    assert client.post(page_of(run, "cancel")).status_code == 403
    run.refresh_from_db()
    assert run.cancel_requested_at is None


def test_a_pool_is_resized_but_keeps_its_name(admin_client: Client) -> None:
    pool = Pool.objects.create(name="provider", slots=1)

    save(admin_client, page_of(pool), "pool_form", slots="3", name="other")

    pool.refresh_from_db()
    assert (pool.name, pool.slots) == ("provider", 3)
