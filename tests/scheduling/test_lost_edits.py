"""Two people who edit the same job: the second is told what the first has changed, and overwrites nothing."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from scheduling import control
from scheduling.models import JobConfig
from tests.rest_clients import program_of, superuser
from tests.scheduling.admin.pages import errors, fields, page_of, saved, send
from tests.scheduling.conftest import Declare
from tests.scheduling.working import Limit

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(declare: Declare) -> JobConfig:
    return declare(
        lambda context, limit: None,
        kwargs_model=Limit,
        job_kwargs={"limit": 5},
        schedule=control.cron("0 18 * * *"),
    )


@pytest.fixture
def api() -> APIClient:
    return program_of(superuser())


@pytest.mark.parametrize(
    ("first", "second", "field", "values"),
    [
        (
            {"cron_expression": "0 19 * * *"},
            {"cron_expression": "0 20 * * *"},
            "cron_expression",
            "from 0 18 * * * to 0 19",
        ),
        ({"priority": "3"}, {"priority": "8"}, "priority", "from 5 to 3"),
        ({"job_kwargs": '{"limit": 6}'}, {"job_kwargs": '{"limit": 7}'}, "job_kwargs", '"limit": 6'),
    ],
)
def test_the_second_of_two_who_edit_one_field_on_the_page_is_refused(
    admin_client: Client, job: JobConfig, first: Any, second: Any, field: str, values: str
) -> None:
    page = page_of(job)
    opened = fields(admin_client, page, "jobconfig_form")
    assert send(admin_client, page, {**opened, **first}).status_code == 200
    before = saved("job")
    answer = send(admin_client, page, {**opened, **second})
    (sentence,) = errors(answer)[field]
    assert "Somebody else has changed this since you opened the page" in sentence
    assert values in sentence
    assert (saved("job").updated_at, saved("job").edited) == (before.updated_at, before.edited)


def test_two_who_edit_different_fields_or_the_same_way_are_both_served(admin_client: Client, job: JobConfig) -> None:
    page = page_of(job)
    opened = fields(admin_client, page, "jobconfig_form")
    for change in ({"cron_expression": "0 19 * * *"}, {"priority": "3"}, {"cron_expression": "0 19 * * *"}):
        answer = send(admin_client, page, {**opened, **change})
        assert "adminform" not in (answer.context or {}) or not errors(answer)
    assert (saved("job").cron_expression, saved("job").priority) == ("0 19 * * *", 3)


@pytest.mark.parametrize("method", ["put", "patch"])
def test_the_second_program_that_edits_one_field_is_refused_with_what_changed(
    api: APIClient, job: JobConfig, method: str
) -> None:
    read = api.get("/scheduler/jobs/job").json()
    change = getattr(api, method)
    first = {"cron_expression": "0 19 * * *", "updated_at": read["updated_at"]}
    assert change("/scheduler/jobs/job", first).status_code == 200
    answer = change("/scheduler/jobs/job", first | {"cron_expression": "0 20 * * *"})
    assert answer.status_code == 409
    assert answer.json()["error"] == {
        "code": "edited_since",
        "message": 'job was edited since you read it: cron_expression is now "0 19 * * *". Nothing was changed; '
        "read it again and repeat yours.",
        "field": None,
    }
    assert saved("job").cron_expression == "0 19 * * *"


def test_a_program_that_edits_another_field_or_says_nothing_of_what_it_read_is_served(
    api: APIClient, job: JobConfig
) -> None:
    read = api.get("/scheduler/jobs/job").json()
    control.set_cron("job", "0 19 * * *")
    renamed = {"name": "Mine", "updated_at": read["updated_at"]}
    assert api.patch("/scheduler/jobs/job", renamed).status_code == 200
    assert api.patch("/scheduler/jobs/job", {"cron_expression": "0 20 * * *"}).status_code == 200
    assert (saved("job").job_name, saved("job").cron_expression) == ("Mine", "0 20 * * *")


def test_a_whole_job_that_was_read_before_an_edit_does_not_undo_it(api: APIClient, job: JobConfig) -> None:
    read = api.get("/scheduler/jobs/job").json()
    control.disable("job")
    answer = api.put("/scheduler/jobs/job", read | {"name": "Mine"})
    assert (answer.status_code, "is_active is now false" in answer.json()["error"]["message"]) == (409, True)
    assert (saved("job").enabled, saved("job").job_name) == (False, "Job")


def test_arguments_are_a_part_that_is_protected_too(api: APIClient, job: JobConfig) -> None:
    read = api.get("/scheduler/jobs/job").json()
    control.update("job", job_kwargs={"limit": 6})
    change = {"job_kwargs": {"limit": 7}, "updated_at": read["updated_at"]}
    answer = api.patch("/scheduler/jobs/job", change)
    assert (answer.status_code, 'job_kwargs is now {"limit": 6}' in answer.json()["error"]["message"]) == (409, True)


def test_if_match_holds_for_the_whole_job(api: APIClient, job: JobConfig) -> None:
    tag = api.get("/scheduler/jobs/job").headers["ETag"]
    assert api.patch("/scheduler/jobs/job", {"name": "Mine"}, headers={"If-Match": tag}).status_code == 200
    answer = api.patch("/scheduler/jobs/job", {"is_active": False}, headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["error"]["code"]) == (412, "edited_since")
    assert 'name is now "Mine"' in answer.json()["error"]["message"]
    assert saved("job").enabled
    assert api.patch("/scheduler/jobs/job", {"is_active": False}, headers={"If-Match": "*"}).status_code == 200
    assert api.patch("/scheduler/jobs/job", {"name": "x"}, headers={"If-Match": '"what"'}).status_code == 400


def test_runs_are_no_edits(api: APIClient, job: JobConfig) -> None:
    tag = api.get("/scheduler/jobs/job").headers["ETag"]
    api.post("/scheduler/jobs/job/trigger")
    assert api.get("/scheduler/jobs/job").headers["ETag"] == tag
