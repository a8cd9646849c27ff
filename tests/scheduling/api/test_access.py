"""Who may do what."""

from typing import Any

import pytest
from django.core.cache import cache
from knox.models import AuthToken
from rest_framework.test import APIClient
from rest_framework.throttling import UserRateThrottle

from scheduling import executions
from scheduling.models import Execution, JobConfig
from scheduling.models.execution import Trigger
from tests.rest_clients import person, program_of, superuser

pytestmark = pytest.mark.django_db

NEEDS = [
    ("GET", "jobs", "view_jobconfig", 200),
    ("POST", "jobs", "add_jobconfig", 409),
    ("GET", "jobs/greet", "view_jobconfig", 200),
    ("PUT", "jobs/greet", "change_jobconfig", 200),
    ("PATCH", "jobs/greet", "change_jobconfig", 200),
    ("DELETE", "jobs/greet", "delete_jobconfig", 200),
    ("POST", "jobs/greet/start", "change_jobconfig", 200),
    ("POST", "jobs/greet/stop", "change_jobconfig", 200),
    ("POST", "jobs/greet/schedule", "change_jobconfig", 400),
    ("POST", "jobs/greet/trigger", "add_execution", 409),
    ("GET", "jobs/greet/status", "view_jobconfig", 200),
    ("GET", "status", "view_jobconfig", 200),
    ("GET", "executions", "view_execution", 200),
    ("GET", "executions/{id}", "view_execution", 200),
    ("GET", "executions/{id}/log", "view_execution", 200),
    ("POST", "executions/{id}/cancel", "change_execution", 200),
    ("POST", "executions/{id}/retry", "add_execution", 409),
]


@pytest.fixture
def execution(greet: JobConfig) -> Execution:
    return executions.create(greet, Trigger.MANUAL, {})


def ask(client: APIClient, method: str, path: str, execution: Execution) -> Any:
    return client.generic(method, f"/scheduler/{path.format(id=execution.id)}", '{"job_id": "greet"}')


@pytest.mark.parametrize(("method", "path", "permission", "status"), NEEDS)
def test_an_action_needs_its_own_permission_and_no_other(
    execution: Execution, method: str, path: str, permission: str, status: int
) -> None:
    all_of_them = {f"scheduling.{needed}" for _, _, needed, _ in NEEDS}
    user = person(*all_of_them - {f"scheduling.{permission}"})
    refused = ask(program_of(user), method, path, execution)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")
    user.delete()
    assert ask(program_of(person(f"scheduling.{permission}")), method, path, execution).status_code == status


@pytest.mark.parametrize(("method", "path", "permission", "status"), NEEDS)
def test_strangers_are_told_to_say_who_they_are(
    execution: Execution, method: str, path: str, permission: str, status: int
) -> None:
    answer = ask(APIClient(), method, path, execution)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("token", ["foreign", "x" * 64, "", "a b", "\xff"])
def test_a_foreign_token_is_refused(token: str) -> None:
    answer = APIClient().get("/scheduler/jobs", HTTP_AUTHORIZATION=f"Token {token}")
    assert answer.status_code in ((400,) if token == "\xff" else (401,))
    assert set(answer.json()["error"]) == {"code", "message", "field"}


def test_another_scheme_is_a_stranger() -> None:
    assert APIClient(headers={"Authorization": "Bearer abc"}).get("/scheduler/jobs").status_code == 401


def test_a_token_expires(api: APIClient) -> None:
    assert api.get("/scheduler/jobs").status_code == 200
    token = AuthToken.objects.get()
    token.expiry = token.created
    token.save()
    assert api.get("/scheduler/jobs").status_code == 401


def test_a_token_is_kept_as_a_hash(api: APIClient) -> None:
    _, text = AuthToken.objects.create(person())
    assert not AuthToken.objects.filter(digest__contains=text[:20]).exists()


def test_a_browser_uses_its_session_and_is_asked_for_its_csrf_token(db: None) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(superuser())
    assert browser.get("/scheduler/jobs").status_code == 200
    assert browser.post("/scheduler/jobs", {}).status_code == 403


def test_a_program_that_asks_without_end_is_held_up(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": "2/min"})
    answers = [api.get("/scheduler/jobs") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["error"]["code"] == "throttled"
    assert int(answers[-1].headers["Retry-After"]) > 0
