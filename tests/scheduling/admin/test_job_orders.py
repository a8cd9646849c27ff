"""The buttons of a job's page: switch it, pause it, run it with other arguments."""

from typing import Any

import pytest
from django.test import Client

from scheduling import control
from scheduling.context import Status
from scheduling.models import Execution, JobConfig
from tests.scheduling.admin.conftest import ended
from tests.scheduling.admin.pages import (
    JOBS,
    page_of,
    saved,
    told,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("order", "before", "expected"),
    [("disable", "enable", (False, None)), ("enable", "disable", (True, None))],
)
def test_the_buttons_switch_the_job(
    admin_client: Client, job: JobConfig, order: str, before: str, expected: tuple[bool, None]
) -> None:
    {"enable": control.enable, "disable": control.disable}[before]("job")
    page = admin_client.get(page_of(job)).content.decode()
    assert f'action="../{order}/"' in page
    assert f'action="../{before}/"' not in page

    answer = admin_client.post(page_of(job, order), follow=True)

    assert f"job: {order.title()}d." in told(answer)
    assert (saved("job").enabled, saved("job").paused_at) == expected


def test_the_pause_button_takes_a_note_and_the_resume_button_ends_the_pause(
    admin_client: Client, job: JobConfig
) -> None:
    assert f'action="{page_of(job, "pause")}"' in admin_client.get(page_of(job)).content.decode()

    assert "Write a note" in told(admin_client.post(page_of(job, "pause"), {"note": " "}, follow=True))
    assert saved("job").paused_at is None

    answer = admin_client.post(page_of(job, "pause"), {"note": "the source is down"}, follow=True)
    assert "the source is down" in answer.content.decode()
    assert saved("job").pause_note == "the source is down"

    admin_client.post(page_of(job, "resume"))
    assert saved("job").paused_at is None


@pytest.mark.parametrize("order", ["enable", "disable", "pause", "resume"])
def test_orders_are_given_by_post_only(admin_client: Client, job: JobConfig, order: str) -> None:
    assert admin_client.get(page_of(job, order)).status_code == 405


def test_running_now_takes_arguments_over_the_jobs_own(admin_client: Client, job: JobConfig) -> None:
    control.update("job", job_kwargs={"days": 5, "names": ["b"]})
    page = admin_client.get(page_of(job, "run"))
    assert "How many days back." in page.content.decode()
    sent = {"kwargs": '{"days": 7}', "key": page.context["form"]["key"].value()}

    answer = admin_client.post(page_of(job, "run"), sent, follow=True)

    execution = Execution.objects.get()
    assert (execution.kwargs, execution.status, execution.trigger) == (
        {"days": 7, "names": ["b"]},
        "QUEUED",
        "manual",
    )
    assert page_of(execution) in told(answer)


def test_a_form_that_is_sent_twice_runs_the_job_once(admin_client: Client, job: JobConfig) -> None:
    control.update("job", overlap="allow")
    key = admin_client.get(page_of(job, "run")).context["form"]["key"].value()

    for _ in range(2):
        admin_client.post(page_of(job, "run"), {"kwargs": "", "key": key})

    assert Execution.objects.count() == 1


@pytest.mark.parametrize(("kwargs", "sentence"), [('{"days": 0}', "greater than or equal to 1"), ("[]", "JSON object")])
def test_running_with_wrong_arguments_is_refused_next_to_the_field(
    admin_client: Client, job: JobConfig, kwargs: str, sentence: str
) -> None:
    answer = admin_client.post(page_of(job, "run"), {"kwargs": kwargs, "key": "k"})

    assert sentence in answer.context["form"].errors["kwargs"][0]
    assert not Execution.objects.exists()


def test_running_a_job_that_runs_is_refused_with_a_sentence(admin_client: Client, job: JobConfig) -> None:
    ended(status=Status.RUNNING, finished_at=None)

    answer = admin_client.post(page_of(job, "run"), {"kwargs": "", "key": "k"})

    assert "is running still" in answer.content.decode()
    assert Execution.objects.count() == 1


def test_running_code_that_is_unknown_is_refused_with_a_sentence(
    admin_client: Client, job: JobConfig, jobs: dict[str, Any]
) -> None:
    jobs.clear()

    assert admin_client.get(page_of(job, "run")).status_code == 200
    answer = admin_client.post(page_of(job, "run"), {"kwargs": "", "key": "k"})

    assert "No code declares the job job." in answer.content.decode()


@pytest.mark.parametrize("key", ["none", "00000000-0000-0000-0000-000000000000"])
def test_an_order_to_nobody_is_not_found(admin_client: Client, db: None, key: str) -> None:
    assert admin_client.post(f"{JOBS}{key}/enable/").status_code == 404
