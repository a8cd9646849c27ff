"""A program that may do everything, and jobs for it to work with."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field
from rest_framework.test import APIClient

from scheduling import registry
from scheduling.models import JobConfig
from scheduling.registry import Job, JobKwargs
from tests.rest_clients import program_of, superuser
from tests.scheduling.conftest import Declare


class Greeting(JobKwargs):
    greeting: str = "Hello"
    times: int = 1


class Tour(JobKwargs):
    places: list[str] = Field(min_length=1)
    guide: str = "nobody"


@pytest.fixture(autouse=True)
def web_settings(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.SCHEDULING_DEFAULT_JOB_TYPE = "tour"


@pytest.fixture
def api(db: None) -> APIClient:
    return program_of(superuser())


@pytest.fixture
def greet(declare: Declare) -> JobConfig:
    """A job that the system has: it says hello."""
    return declare(name="greet", kwargs_model=Greeting)


@pytest.fixture
def tour(jobs: dict[str, Job]) -> Job:
    """The type of job that users create: a tour of places."""
    declared = Job(
        name="tour",
        title="Tour",
        description="See places.",
        function=lambda context, places, guide: {"seen": places},
        kwargs_model=Tour,
        default_cron="0 17 * * *",
        is_template=True,
    )
    registry.register(declared)
    return declared
