from datetime import date
from typing import Any

import pytest
from rest_framework.test import APIClient

from market_data.engine.ledger import clock
from market_data.models import WHOLE, CoverageMark, SyncFailureRecord

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("slash", ["", "/"])
DAY = date(2024, 1, 8)


def failure(symbol: str = "600000.SH", **fields: Any) -> SyncFailureRecord:
    return SyncFailureRecord.objects.create(
        **{
            "job_type": "DAILY_HISTORY",
            "dataset": "daily",
            "third_code": symbol,
            "error_message": "Refused.",
            "evidence": {"close": -1},
            "symbols": [symbol],
            "start_date": DAY,
            "end_date": DAY,
            "retry_count": 3,
            "max_retries": 3,
            "last_attempt_at": clock.now(),
            **fields,
        }
    )


@BOTH
def test_a_failure_tells_what_failed_and_why(api: APIClient, slash: str) -> None:
    record = failure()
    shown = api.get(f"/market-data/failures/{record.id}{slash}").json()
    fields = ("dataset", "third_code", "error_message", "evidence", "start_date", "retry_count", "resolved_at")
    assert [shown[name] for name in fields] == [
        "daily",
        "600000.SH",
        "Refused.",
        {"close": -1},
        "2024-01-08",
        3,
        None,
    ]
    assert api.get(f"/market-data/failures{slash}").json() == [shown]


def test_a_failure_of_a_whole_list_has_no_days(api: APIClient) -> None:
    record = failure(start_date=WHOLE, end_date=WHOLE, dataset="stock_basic")
    shown = api.get(f"/market-data/failures/{record.id}").json()
    assert (shown["start_date"], shown["end_date"]) == (None, None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"open", "waiting", "resolved", "other"}),
        ("state=open", {"open"}),
        ("state=waiting", {"waiting", "other"}),
        ("state=resolved", {"resolved"}),
        ("dataset=adj_factor", {"other"}),
        ("state=waiting&dataset=daily", {"waiting"}),
    ],
)
def test_failures_are_listed_by_state_and_dataset(api: APIClient, query: str, expected: set[str]) -> None:
    failure("open", retry_count=1)
    failure("waiting")
    failure("resolved", resolved_at=clock.now())
    failure("other", dataset="adj_factor")
    assert {entry["third_code"] for entry in api.get(f"/market-data/failures?{query}").json()} == expected


def test_a_state_that_is_none_is_refused(api: APIClient) -> None:
    answer = api.get("/market-data/failures?state=perhaps")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "state")


@BOTH
def test_a_retry_forgets_the_attempts(api: APIClient, slash: str) -> None:
    record, other = failure(), failure("other")
    answer = api.post(f"/market-data/failures/{record.id}/retry{slash}")
    assert (answer.status_code, answer.json()["retry_count"]) == (200, 0)
    record.refresh_from_db()
    other.refresh_from_db()
    assert (record.retry_count, other.retry_count) == (0, 3)


def test_what_is_resolved_is_not_retried(api: APIClient) -> None:
    record = failure(resolved_at=clock.now())
    assert api.post(f"/market-data/failures/{record.id}/retry").status_code == 409


@BOTH
def test_a_resolved_failure_has_its_days_counted_again(api: APIClient, slash: str) -> None:
    record = failure()
    first = api.post(f"/market-data/failures/{record.id}/resolve{slash}").json()
    assert first["resolved_at"] is not None
    assert api.post(f"/market-data/failures/{record.id}/resolve{slash}").json() == first
    assert list(CoverageMark.objects.values_list("dataset", "start_date", "end_date")) == [("daily", DAY, DAY)]


@pytest.mark.parametrize("failure_id", ["6f7d6a1e-0000-4000-8000-000000000000", "5", "%00"])
@pytest.mark.parametrize(("method", "rest"), [("get", ""), ("post", "/retry"), ("post", "/resolve")])
def test_an_unknown_failure_is_not_found(api: APIClient, method: str, rest: str, failure_id: str) -> None:
    answer = getattr(api, method)(f"/market-data/failures/{failure_id}{rest}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
