"""Jobs for the pages to show, and people to look at them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pydantic import Field

from scheduling import control
from scheduling.context import Status
from scheduling.models import Execution, JobConfig
from scheduling.registry import JobKwargs
from tests.rest_clients import browser_of_staff
from tests.scheduling.conftest import Declare

Staff = Callable[..., Client]


class Span(JobKwargs):
    days: int = Field(3, ge=1, description="How many days back.")
    names: list[str] = Field(["a"], description="Which ones.")


@pytest.fixture(autouse=True)
def web_settings(settings: Any, tmp_path: Path) -> None:
    """A folder of static files that exists, and passwords that need no time."""
    settings.STATIC_ROOT = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def staff(db: None) -> Staff:
    """Somebody of the staff with these permissions, logged in."""
    return browser_of_staff


@pytest.fixture
def job(db: None, declare: Declare) -> JobConfig:
    """A job that runs at 18:00 and takes arguments."""
    return declare(schedule=control.cron("0 18 * * *"), kwargs_model=Span)


def ended(job_id: str = "job", status: Status = Status.SUCCESS, **values: Any) -> Execution:
    """An execution that has run for 1.25 seconds."""
    now = timezone.now()
    given = {
        "job_type": job_id,
        "trigger": "schedule",
        "queue": "sync",
        "queued_at": now,
        "started_at": now,
        "finished_at": now,
        "duration_ms": 1250,
        "attempt": 1,
        "worker": "host:1",
    }
    return Execution.objects.create(job_id=job_id, status=status, **{**given, **values})
