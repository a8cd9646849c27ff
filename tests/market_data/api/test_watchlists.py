"""The jobs that users make, word for word as programs ask for them."""

from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import requests
import time_machine
from knox.models import AuthToken
from pytest_django.live_server_helper import LiveServer
from rest_framework.test import APIClient

from market_data.engine.ledger import clock
from market_data.exceptions import MarketDataError
from market_data.models import GlobalBar
from market_data.standin.yahoo.server import YahooStandin
from scheduling import control, executions, runner
from scheduling.models import Execution
from tests.market_data.builders import shanghai
from tests.rest_clients import superuser

FIELDS = {
    "name",
    "stock_ids",
    "schedule_time",
    "start_date",
    "end_date",
    "prefix",
    "is_active",
    "job_id",
    "status",
    "created_at",
    "last_run",
    "next_run",
}
GOOD = {"name": "Mine", "stock_ids": ["600000.SH", "AAPL"]}
BOTH = pytest.mark.parametrize("slash", ["", "/"])


def created(api: APIClient, **fields: Any) -> str:
    return str(api.post("/scheduler/jobs", GOOD | fields).json()["job_id"])


def shown(api: APIClient, job_id: str) -> dict[str, Any]:
    return dict(api.get(f"/scheduler/jobs/{job_id}").json())


def run(api: APIClient, job_id: str) -> Execution:
    """Trigger the job and do what a worker does."""
    execution_id = api.post(f"/scheduler/jobs/{job_id}/trigger").json()["execution_id"]
    execution = executions.claim_next("sync", "")
    assert execution is not None
    assert str(execution.id) == execution_id
    # What the job raises is in its record by then.
    with suppress(MarketDataError):
        runner.execute(execution)
    execution.refresh_from_db()
    return execution


@BOTH
@pytest.mark.django_db(transaction=True)
def test_the_life_of_a_watchlist_over_http(live_server: LiveServer, slash: str) -> None:
    _, token = AuthToken.objects.create(superuser())
    program = requests.Session()
    program.headers["Authorization"] = f"Token {token}"
    jobs = f"{live_server.url}/scheduler/jobs"

    body = {
        "name": "Banks",
        "stock_ids": ["600000.SH", "000001.SZ"],
        "schedule_time": "16:30",
        "start_date": "2024-01-01",
        "end_date": "2024-01-31",
        "prefix": "banks",
        "is_active": True,
    }
    answer = program.post(f"{jobs}{slash}", json=body)
    job_id = answer.json()["job_id"]
    assert (answer.status_code, answer.json()) == (
        201,
        {"message": "Job created successfully", "job_id": str(UUID(job_id))},
    )

    job = program.get(f"{jobs}/{job_id}{slash}").json()
    assert set(job) >= FIELDS
    assert {name: job[name] for name in body} == body
    assert (job["job_id"], job["status"], job["last_run"]) == (job_id, "pending", None)
    assert program.get(f"{jobs}{slash}", params={"active_only": "true"}).json() == [job]

    answer = program.put(f"{jobs}/{job_id}{slash}", json={"schedule_time": "18:45"})
    assert (answer.status_code, answer.json()) == (200, {"message": "Job updated successfully"})
    changed = program.get(f"{jobs}/{job_id}{slash}").json()
    assert {name for name in FIELDS if changed[name] != job[name]} == {"schedule_time", "next_run"}
    assert (changed["schedule_time"], changed["next_run"][11:16]) == ("18:45", "18:45")

    answer = program.post(f"{jobs}/{job_id}/stop{slash}")
    assert (answer.status_code, answer.json()) == (200, {"message": "Job stopped successfully"})
    assert program.get(f"{jobs}/{job_id}{slash}").json()["status"] == "paused"
    assert program.get(f"{jobs}{slash}", params={"active_only": "true"}).json() == []

    answer = program.post(f"{jobs}/{job_id}/start{slash}")
    assert (answer.status_code, answer.json()) == (200, {"message": "Job started successfully"})
    assert program.post(f"{jobs}/{job_id}/trigger{slash}").status_code == 202
    assert program.get(f"{live_server.url}/scheduler/status{slash}").json()["total_jobs_count"] == 1

    answer = program.delete(f"{jobs}/{job_id}{slash}")
    assert (answer.status_code, answer.json()) == (200, {"message": "Job deleted successfully"})
    assert program.get(f"{jobs}/{job_id}{slash}").status_code == 404
    assert [run["status"] for run in program.get(f"{live_server.url}/scheduler/executions{slash}").json()] == [
        "CANCELLED"
    ]


@pytest.mark.django_db
def test_what_is_left_out_has_its_default(api: APIClient) -> None:
    with time_machine.travel(shanghai("2024-03-15 20:00"), tick=False):
        job_id = created(api)
        job = shown(api, job_id)
        assert {name: job[name] for name in ("schedule_time", "prefix", "is_active", "timezone")} == {
            "schedule_time": "17:00",
            "prefix": "scheduled_stock_data",
            "is_active": True,
            "timezone": "Asia/Shanghai",
        }
        assert (job["start_date"], job["end_date"]) == ("2024-02-14", "2024-03-15")
        assert job["next_run"] == "2024-03-16T17:00:00+08:00"
    with time_machine.travel(shanghai("2024-03-18 20:00"), tick=False):
        assert (shown(api, job_id)["start_date"], shown(api, job_id)["end_date"]) == ("2024-02-17", "2024-03-18")


@pytest.mark.django_db
def test_a_watchlist_that_is_sent_back_unchanged_still_moves_with_the_calendar(api: APIClient) -> None:
    job_id = created(api)
    api.put(f"/scheduler/jobs/{job_id}", shown(api, job_id) | {"name": "Yours"})
    assert control.get(job_id).job_kwargs == {"stock_ids": GOOD["stock_ids"]}


@pytest.mark.django_db
def test_symbols_are_stored_once_and_in_capitals(api: APIClient) -> None:
    job_id = created(api, stock_ids=["aapl", " 600000.sh ", "AAPL", "BRK-B", "^GSPC"])
    assert shown(api, job_id)["stock_ids"] == ["AAPL", "600000.SH", "BRK-B", "^GSPC"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schedule_time": "25:99"}, "schedule_time"),
        ({"schedule_time": ""}, "schedule_time"),
        ({"stock_ids": []}, "stock_ids"),
        ({"stock_ids": None}, "stock_ids"),
        ({"stock_ids": "AAPL"}, "stock_ids"),
        ({"stock_ids": [600000]}, "stock_ids"),
        ({"stock_ids": [""]}, "stock_ids"),
        ({"stock_ids": ["a b"]}, "stock_ids"),
        ({"stock_ids": ["x" * 10_000]}, "stock_ids"),
        ({"stock_ids": ["'; drop table"]}, "stock_ids"),
        ({"stock_ids": [f"{n:06}.SZ" for n in range(5001)]}, "stock_ids"),
        ({"start_date": "2024-02-01", "end_date": "2024-01-01"}, "start_date"),
        ({"start_date": "2999-01-01"}, "start_date"),
        ({"start_date": "2024-02-30"}, "start_date"),
        ({"start_date": "01/02/2024"}, "start_date"),
        ({"start_date": 5}, "start_date"),
        ({"end_date": "tomorrow"}, "end_date"),
        ({"end_date": "0001-01-01"}, "end_date"),
        ({"start_date": "0001-01-01"}, "start_date"),
        ({"start_date": {"day": 1}}, "start_date"),
        ({"prefix": ""}, "prefix"),
        ({"prefix": "a b"}, "prefix"),
        ({"prefix": "x" * 101}, "prefix"),
        ({"stock_idz": ["AAPL"]}, "stock_idz"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence_and_the_field(
    api: APIClient, change: dict[str, Any], field: str
) -> None:
    for answer in (
        api.post("/scheduler/jobs", GOOD | change),
        api.put(f"/scheduler/jobs/{created(api)}", change),
    ):
        error = answer.json()["error"]
        assert (answer.status_code, error["field"]) == (400, field)
        assert error["message"].startswith(f"{field}: ")
        assert error["message"].endswith(".")
        assert len(error["message"]) < 200


@pytest.mark.django_db
def test_a_bad_time_is_named(api: APIClient) -> None:
    error = api.post("/scheduler/jobs", GOOD | {"schedule_time": "25:99"}).json()["error"]
    assert error["message"] == "schedule_time: This is not a time of day; write HH:MM, such as 17:00."


@pytest.mark.django_db
def test_an_empty_list_is_named(api: APIClient) -> None:
    error = api.post("/scheduler/jobs", GOOD | {"stock_ids": []}).json()["error"]
    assert error["message"] == "stock_ids: A watchlist has from 1 to 5000 symbols, not 0."


@pytest.mark.django_db
def test_an_unknown_watchlist_is_not_found(api: APIClient) -> None:
    answer = api.get("/scheduler/jobs/6f7d6a1e-0000-4000-8000-000000000000")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "job_not_found")


@pytest.mark.django_db(transaction=True)
def test_a_run_in_which_every_symbol_came_has_completed(api: APIClient, yahoo: YahooStandin) -> None:
    job_id = created(api)
    execution = run(api, job_id)
    assert (execution.status, execution.error_message) == ("SUCCESS", "")
    assert execution.result == {"status": "success", "fetched": GOOD["stock_ids"], "failed": [], "errors": {}}
    assert shown(api, job_id)["status"] == "completed"
    assert set(GlobalBar.objects.values_list("symbol", flat=True)) == set(GOOD["stock_ids"])
    days = GlobalBar.objects.order_by("trade_date").values_list("trade_date", flat=True)
    assert 0 <= (days[0] - (clock.today() - timedelta(days=30))).days <= 3


@pytest.mark.django_db(transaction=True)
def test_a_run_tells_what_came_and_what_did_not(api: APIClient, yahoo: YahooStandin) -> None:
    job_id = created(api, stock_ids=["AAPL", "NOBODY"])
    execution = run(api, job_id)
    assert (execution.status, execution.error_message) == ("PARTIAL", "1 of 2 symbols failed.")
    assert execution.result == {
        "status": "partial_success",
        "fetched": ["AAPL"],
        "failed": ["NOBODY"],
        "errors": {"NOBODY": "Yahoo knows no symbol NOBODY: it is mistyped, or it was delisted."},
    }
    assert shown(api, job_id)["status"] == "completed"


@pytest.mark.django_db(transaction=True)
def test_a_run_in_which_no_symbol_came_has_failed(api: APIClient, yahoo: YahooStandin) -> None:
    job_id = created(api, stock_ids=["NOBODY", "830799.BJ"])
    execution = run(api, job_id)
    assert execution.status == "FAILED"
    assert "None of 2 symbols came; NOBODY: Yahoo knows no symbol NOBODY" in execution.error_message
    assert set(execution.result["errors"]) == {"NOBODY", "830799.BJ"}
    assert shown(api, job_id)["status"] == "failed"


@pytest.mark.django_db
def test_a_shanghai_stock_may_be_written_as_yahoo_does(api: APIClient) -> None:
    job_id = created(api, stock_ids=["600000.SS", "600000.SH"])
    assert shown(api, job_id)["stock_ids"] == ["600000.SH"]
