"""Whatever is sent, the answer is one sentence and the field, and never a 500."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from scheduling import control
from scheduling.models import JobConfig
from scheduling.registry import Job

pytestmark = pytest.mark.django_db
GOOD = {"name": "Mine", "places": ["Rome"]}
NO_ID = "6f7d6a1e-0000-4000-8000-000000000000"


def send(api: APIClient, method: str, path: str, body: bytes, content_type: str = "application/json") -> Any:
    """Bytes as they are; the stubs of the client know of text only."""
    return api.generic(method, path, body, content_type)  # type: ignore[arg-type]


def error_of(answer: Any) -> tuple[int, str, str | None]:
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "field"}
    assert body["error"]["message"].endswith(".")
    return answer.status_code, body["error"]["code"], body["error"]["field"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": "\x00"}, "name"),
        ({"places": []}, "places"),
        ({"places": "Rome"}, "places"),
        ({"places": None}, "places"),
        ({"places": [5]}, "places"),
        ({"guide": 5}, "guide"),
        ({"hotel": "Ritz"}, "hotel"),
        ({"schedule_time": "25:99"}, "schedule_time"),
        ({"schedule_time": "5pm"}, "schedule_time"),
        ({"schedule_time": 17}, "schedule_time"),
        ({"cron_expression": "often"}, "cron_expression"),
        ({"cron_expression": "61 * * * *"}, "cron_expression"),
        ({"cron_expression": "0 0 30 2 *"}, "cron_expression"),
        ({"cron_expression": "0 18 * * *", "schedule_time": "18:00"}, "cron_expression"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"interval_minutes": 0}, "interval_minutes"),
        ({"interval_minutes": 10**30}, "interval_minutes"),
        ({"is_active": "perhaps"}, "is_active"),
        ({"job_kwargs": [1]}, "job_kwargs"),
    ],
)
def test_a_job_with_a_wrong_value_is_refused(api: APIClient, tour: Job, change: dict[str, Any], field: str) -> None:
    assert error_of(api.post("/scheduler/jobs", GOOD | change))[::2] == (400, field)
    job_id = api.post("/scheduler/jobs", GOOD).json()["job_id"]
    before = api.get(f"/scheduler/jobs/{job_id}").json()
    assert error_of(api.put(f"/scheduler/jobs/{job_id}", change))[::2] == (400, field)
    assert api.get(f"/scheduler/jobs/{job_id}").json() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"places": ["Rome"]}, "name"),
        ({"name": "Mine"}, "places"),
        (GOOD | {"job_type": "unheard"}, "job_type"),
        (GOOD | {"job_id": "a/b"}, "job_id"),
        (GOOD | {"job_id": "x" * 101}, "job_id"),
    ],
)
def test_a_new_job_with_something_amiss_is_refused(api: APIClient, tour: Job, body: dict[str, Any], field: str) -> None:
    assert error_of(api.post("/scheduler/jobs", body))[::2] == (400, field)
    assert not JobConfig.objects.exists()


def test_a_job_of_the_system_refuses_what_its_code_does_not_take(api: APIClient, greet: JobConfig) -> None:
    wrong = {"job_kwargs": {"times": "often"}}
    assert error_of(api.patch("/scheduler/jobs/greet", wrong)) == (400, "configuration_error", "job_kwargs")
    assert error_of(api.patch("/scheduler/jobs/greet", {"times": 2}))[::2] == (400, "times")
    trigger = {"kwargs": {"times": "often"}}
    assert error_of(api.post("/scheduler/jobs/greet/trigger", trigger))[::2] == (400, "job_kwargs")
    assert error_of(api.post("/scheduler/jobs/greet/trigger", {"kwargs": [1]}))[::2] == (400, "kwargs")


def test_an_id_that_is_taken_is_a_conflict(api: APIClient, greet: JobConfig) -> None:
    answer = api.post("/scheduler/jobs", {"job_id": "greet"})
    assert error_of(answer) == (409, "job_already_exists", "job_id")
    assert answer.json()["error"]["message"] == "There is a job greet already."


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "cron_expression"),
        ({"cron_expression": ""}, "cron_expression"),
        ({"cron_expression": "* * * *"}, "cron_expression"),
        ({"cron_expression": "0 0 31 2 *"}, "cron_expression"),
        ({"cron_expression": "0 18 * * *", "timezone": "Nowhere"}, "timezone"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(
    api: APIClient, greet: JobConfig, body: dict[str, str], field: str
) -> None:
    assert error_of(api.post("/scheduler/jobs/greet/schedule", body))[::2] == (400, field)
    assert control.get("greet").schedule is None


@pytest.mark.parametrize("minutes", [0, -5, 1.5, "soon", True, 10**7, [1], None])
def test_an_interval_that_cannot_be_is_refused(api: APIClient, greet: JobConfig, minutes: Any) -> None:
    answer = api.post("/scheduler/jobs/greet/start", {"interval_minutes": minutes})
    assert error_of(answer)[::2] == (400, "interval_minutes")


def test_a_key_that_is_too_long_is_refused(api: APIClient, greet: JobConfig) -> None:
    answer = api.post("/scheduler/jobs/greet/trigger", headers={"Idempotency-Key": "k" * 129})
    assert error_of(answer)[::2] == (400, "Idempotency-Key")


@pytest.mark.parametrize("job_id", ["unheard", NO_ID, "%00", "%F0%9F%90%8D", "..", "x" * 500])
@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("get", ""),
        ("put", ""),
        ("patch", ""),
        ("delete", ""),
        ("get", "/status"),
        ("post", "/start"),
        ("post", "/stop"),
        ("post", "/trigger"),
        ("post", "/schedule"),
    ],
)
def test_an_unknown_job_is_not_found(api: APIClient, jobs: Any, method: str, rest: str, job_id: str) -> None:
    body = {"cron_expression": "0 18 * * *"} if method == "post" and rest == "/schedule" else {}
    answer = api.generic(method.upper(), f"/scheduler/jobs/{job_id}{rest}", _json(body), "application/json")
    status, code, _ = error_of(answer)
    assert (status, code) in ((404, "job_not_found"), (404, "not_found"), (400, "invalid"))
    assert job_id in ("%00", "..") or code == "job_not_found"


def _json(body: dict[str, Any]) -> str:
    return str(body).replace("'", '"')


@pytest.mark.parametrize(("method", "rest"), [("get", ""), ("get", "/log"), ("post", "/cancel"), ("post", "/retry")])
@pytest.mark.parametrize("execution_id", [NO_ID, "5", "%00", "not-an-id"])
def test_an_unknown_execution_is_not_found(api: APIClient, method: str, rest: str, execution_id: str) -> None:
    answer = getattr(api, method)(f"/scheduler/executions/{execution_id}{rest}")
    assert error_of(answer)[0] == 404


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"name=Mine",
        b"\xff\xfe",
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
        b"\x00",
    ],
)
@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]
)
def test_a_body_that_is_not_json_is_refused(api: APIClient, tour: Job, body: bytes, content_type: str) -> None:
    answer = send(api, "POST", "/scheduler/jobs", body, content_type)
    assert error_of(answer) == (400, "parse_error", None)
    assert answer.json()["error"]["message"] == "The body is not JSON."


@pytest.mark.parametrize("body", [b"[1]", b"5", b'"x"', b"null", b"true"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ""),
        ("PUT", "/greet"),
        ("POST", "/greet/trigger"),
        ("POST", "/greet/start"),
        ("POST", "/greet/schedule"),
    ],
)
def test_a_body_that_is_no_object_is_refused(
    api: APIClient, greet: JobConfig, body: bytes, method: str, path: str
) -> None:
    assert error_of(send(api, method, f"/scheduler/jobs{path}", body))[0] == 400


def test_a_body_that_is_too_large_is_refused(api: APIClient, tour: Job) -> None:
    answer = send(api, "POST", "/scheduler/jobs", b" " * 2_500_001)
    assert error_of(answer) == (413, "too_large", None)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=many", "limit=1001", "limit=", "offset=-1", "offset=99999999999999999999"],
)
@pytest.mark.parametrize("path", ["jobs", "executions"])
def test_a_page_that_cannot_be_is_refused(api: APIClient, path: str, query: str) -> None:
    assert error_of(api.get(f"/scheduler/{path}?{query}")) == (400, "invalid", query.split("=")[0])


def test_a_filter_that_cannot_be_is_refused(api: APIClient) -> None:
    assert error_of(api.get("/scheduler/jobs?active_only=perhaps"))[::2] == (400, "active_only")
    assert error_of(api.get("/scheduler/executions?status=PERHAPS"))[::2] == (400, "status")


def test_a_method_that_is_not_there_is_told(api: APIClient) -> None:
    assert error_of(api.put("/scheduler/jobs", {})) == (405, "method_not_allowed", None)


@pytest.mark.parametrize("path", ["/scheduler", "/scheduler/", "/scheduler/nothing", "/scheduler/jobs/a/b/c"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_address_that_is_none_is_told_in_the_same_shape(api: APIClient, path: str, method: str) -> None:
    assert error_of(getattr(api, method)(path)) == (404, "not_found", None)
