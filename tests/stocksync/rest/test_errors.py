"""What nobody foresaw, and what the database says, in the shape of every error."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from rest_framework.exceptions import ValidationError
from rest_framework.test import APIClient

from market_data.exceptions import AlreadyRunning, Transient, UsageError
from scheduling import queries
from scheduling.exceptions import ConfigurationError, ExecutionRefused, JobAlreadyExists, JobNotFound, SchedulingError
from stocksync.rest.errors import as_response
from tests.rest_clients import program_of, superuser


@pytest.fixture
def api(db: None, settings: Any, tmp_path: Path) -> APIClient:
    settings.STATIC_ROOT = tmp_path
    return program_of(superuser())


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (JobNotFound("There is none."), 404, "job_not_found"),
        (JobAlreadyExists("It is taken."), 409, "job_already_exists"),
        (ExecutionRefused("Not now."), 409, "execution_error"),
        (SchedulingError("No."), 409, "scheduling_error"),
        (UsageError("No such thing."), 400, "usage_error"),
        (AlreadyRunning("It runs."), 409, "market_data_error"),
        (Transient("Later."), 409, "market_data_error"),
        (IntegrityError("UNIQUE failed: secret"), 409, "conflict"),
        (DataError("invalid byte: secret"), 400, "invalid"),
        (OperationalError("could not connect to secret"), 503, "database_unavailable"),
        (InterfaceError("closed: secret"), 503, "database_unavailable"),
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "permission_denied"),
    ],
)
def test_an_error_is_answered_by_its_class(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(queries, "figures", fail)
    answer = api.get("/scheduler/status")
    body = answer.json()["error"]
    assert (answer.status_code, body["code"], body["field"]) == (status, code, getattr(error, "field", None))
    assert "secret" not in body["message"]
    assert body["message"].endswith(".")


def test_a_mistake_of_ours_is_not_hidden() -> None:
    assert as_response(KeyError("x"), {"request": None}) is None


@pytest.mark.parametrize(
    ("detail", "field", "message"),
    [
        ({"name": ["Wrong."]}, "name", "name: Wrong."),
        ({"non_field_errors": ["Wrong."]}, None, "Wrong."),
        ({"list": {"3": ["Wrong."]}}, "list", "list: Wrong."),
        ({"list": [{}, {"inner": ["Wrong."]}]}, "list", "list: Wrong."),
        (["Wrong."], None, "Wrong."),
    ],
)
def test_the_first_wrong_field_is_named(detail: Any, field: str | None, message: str) -> None:
    answer = as_response(ValidationError(detail), {"request": None})
    assert answer is not None
    assert answer.data == {"error": {"code": "invalid", "message": message, "field": field}}


def test_a_wrong_configuration_names_its_field() -> None:
    answer = as_response(ConfigurationError("It cannot be.", "timezone"), {"request": None})
    assert answer is not None
    assert answer.data["error"] == {"code": "configuration_error", "message": "It cannot be.", "field": "timezone"}
