"""HEAD and OPTIONS, what no address takes, and what the description says of bounds."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from market_data.api import bounds
from tests.rest_clients import person, program_of, superuser

pytestmark = pytest.mark.django_db
READ = [
    "/scheduler/jobs",
    "/scheduler/status",
    "/scheduler/executions",
    "/market-data/sync-tasks",
    "/market-data/failures",
    "/market-data/coverage?dataset=stock_basic",
    "/market-data/finance?symbol=600000.SH",
    "/schema",
]


@pytest.fixture
def api(db: None) -> APIClient:
    return program_of(superuser())


@pytest.mark.parametrize("path", READ)
def test_head_answers_like_get_without_a_body(api: APIClient, path: str) -> None:
    head, get = api.head(path), api.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize(
    "path", [*READ, "/market-data/bars", "/market-data/bars?format=csv", "/scheduler/jobs/x/start"]
)
def test_options_tells_the_methods(api: APIClient, path: str) -> None:
    answer = api.options(path)
    assert answer.status_code == 200
    assert set(answer.json()["methods"]) == {method.strip() for method in answer.headers["Allow"].split(",")}
    assert "OPTIONS" in answer.json()["methods"]


def test_options_are_for_those_who_are_known(db: None) -> None:
    assert APIClient().options("/scheduler/jobs").status_code == 401
    assert program_of(person()).options("/scheduler/jobs").status_code == 200


def parameters(api: APIClient, path: str) -> dict[str, Any]:
    listed = api.get("/schema?format=json").json()["paths"][path]["get"]["parameters"]
    return {parameter["name"]: parameter["schema"] for parameter in listed}


def test_the_bounds_of_each_question_are_described(api: APIClient) -> None:
    limits = {path: parameters(api, path)["limit"]["maximum"] for path in ("/scheduler/jobs", "/market-data/failures")}
    assert set(limits.values()) == {1000}
    assert parameters(api, "/scheduler/executions")["offset"]["maximum"] == 10**9
    coverage, finance = parameters(api, "/market-data/coverage"), parameters(api, "/market-data/finance")
    assert coverage["limit"]["maximum"] == bounds.MOST_CELLS
    assert coverage["symbols"]["maxLength"] > bounds.MOST_SYMBOLS
    assert (finance["limit"]["maximum"], finance["offset"]["maximum"]) == (bounds.MOST_REPORTS, bounds.FURTHEST_OFFSET)


@pytest.mark.parametrize(
    "query",
    ["version=%00", "version=1%0d%0aX-Y:%20z", "lang=%00", "lang=../../../etc", "lang=" + "x" * 3000, "format=xml"],
)
def test_the_description_takes_any_question(api: APIClient, query: str) -> None:
    assert api.get(f"/schema?{query}").status_code in (200, 400, 404)


@pytest.mark.parametrize(
    "text", ["%00", "x%00", "%ff%fe", "%ED%A0%80", "%F0%9F%90%8D", "9" * 5000, "%0a", "-0", "1e999"]
)
@pytest.mark.parametrize(
    "path",
    [
        "/scheduler/jobs?limit={}",
        "/scheduler/jobs?{}=1",
        "/scheduler/jobs?active_only={}",
        "/scheduler/executions?job_id={}",
        "/scheduler/executions?status={}",
        "/scheduler/jobs/{}/status",
        "/scheduler/executions/{}",
        "/market-data/sync-tasks?dataset={}",
        "/market-data/sync-tasks/{}",
        "/market-data/failures?state={}",
        "/market-data/failures?job_type={}",
        "/market-data/failures/{}",
        "/market-data/coverage?dataset={}",
        "/market-data/coverage?dataset=daily&start={}",
        "/market-data/coverage?dataset=daily&symbols={}",
        "/market-data/finance?symbol={}",
        "/market-data/finance?symbol=600000.SH&offset={}",
        "/market-data/finance?symbol=600000.SH&as_of={}",
        "/market-data/finance?symbol=600000.SH&fields={}",
        "/market-data/bars?symbol=600000.SH&after={}",
        "/market-data/bars?symbol=600000.SH&limit={}",
        "/schema?lang={}",
        "/docs?x={}",
    ],
)
def test_no_text_in_no_place_breaks_anything(api: APIClient, path: str, text: str) -> None:
    answer = api.get(path.format(text))
    assert answer.status_code < 500
    assert "%00" not in path.format(text) or answer.status_code in (400, 404)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"deep": {"in": ["x\u0000"]}}, "job_kwargs"),
        ({"x\u0000": 1}, "job_kwargs"),
        ({"list": [1e400]}, "job_kwargs"),
    ],
)
def test_what_no_database_stores_is_refused_with_its_field(api: APIClient, value: Any, field: str) -> None:
    body = json.dumps({"job_kwargs": value}).replace("Infinity", "1e400")
    answer = api.generic("PATCH", "/scheduler/jobs/x", body, "application/json")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


@pytest.mark.parametrize("depth", [40, 900, 100_000])
def test_a_body_nested_without_end_is_refused(api: APIClient, depth: int) -> None:
    body = '{"job_kwargs": ' + "[" * depth + "]" * depth + "}"
    answer = api.generic("PATCH", "/scheduler/jobs/x", body, "application/json")
    assert answer.status_code == 400


def test_a_number_of_any_length_is_answered(api: APIClient) -> None:
    for digits in (30, 4000, 5000):
        body = '{"interval_minutes": ' + "9" * digits + "}"
        assert api.generic("POST", "/scheduler/jobs/x/start", body, "application/json").status_code == 400
