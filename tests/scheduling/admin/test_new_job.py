"""The page that makes a job."""

import pytest
from django.test import Client
from django_celery_beat.models import PeriodicTask

from scheduling import registry
from scheduling.models import JobConfig
from scheduling.registry import Job, JobKwargs
from tests.scheduling.admin.pages import (
    NEW_JOB,
    errors,
    save,
    saved,
)

pytestmark = pytest.mark.django_db


class Needy(JobKwargs):
    stocks: list[str]


def test_a_new_job_is_made_as_control_makes_it(admin_client: Client, job: JobConfig) -> None:
    assert "How many days back." in admin_client.get(NEW_JOB).content.decode()

    save(
        admin_client,
        NEW_JOB,
        job_type="job",
        job_id="second",
        job_name="Second",
        cron_expression="0 9 * * *",
        job_kwargs='{"days": 2}',
    )

    config = saved("second")
    assert (config.job_type, config.job_kwargs, config.cron_expression, config.enabled) == (
        "job",
        {"days": 2},
        "0 9 * * *",
        True,
    )
    assert PeriodicTask.objects.get(name="second").args == '["second"]'


def test_a_new_job_without_an_id_gets_one(admin_client: Client, job: JobConfig) -> None:
    save(admin_client, NEW_JOB, job_type="job", job_name="Second", enabled=None)

    made = JobConfig.objects.get(job_name="Second")
    assert len(made.job_id) == 36
    assert not made.enabled


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"job_id": "job"}, "job_id"),
        ({"job_type": "nothing"}, "job_type"),
        ({"job_name": ""}, "job_name"),
        ({"cron_expression": "never"}, "cron_expression"),
        ({"job_kwargs": '{"days": 0}'}, "job_kwargs"),
    ],
)
def test_a_new_job_that_cannot_be_is_refused(
    admin_client: Client, job: JobConfig, changes: dict[str, str], field: str
) -> None:
    answer = save(admin_client, NEW_JOB, **{"job_type": "job", "job_id": "second", "job_name": "Second", **changes})

    assert errors(answer)[field]
    assert JobConfig.objects.count() == 1


def test_a_job_of_a_template_is_given_the_arguments_that_it_needs(admin_client: Client, jobs: dict[str, Job]) -> None:
    registry.register(
        Job(name="list", title="List", description="It.", function=print, kwargs_model=Needy, is_template=True)
    )

    answer = save(admin_client, NEW_JOB, job_type="list", job_name="Mine")
    assert "stocks: Field required" in errors(answer)["job_kwargs"][0]

    save(admin_client, NEW_JOB, job_type="list", job_name="Mine", job_kwargs='{"stocks": ["A"]}')
    assert JobConfig.objects.get().job_kwargs == {"stocks": ["A"]}
