"""Faults of the data: each dataset late, suspect, failing or refused; and its figures."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from market_data.datasets import DATASETS, WITH_LEDGER, Parts, Rhythm
from market_data.engine.ledger import clock
from market_data.jobs import retention, watching
from market_data.models import WHOLE, CallTally, Partition, Revision, SyncFailureRecord, SyncRequest, SyncTask
from market_data.queries import measuring
from scheduling import incidents
from scheduling.models import Incident
from tests.market_data.builders import FRIDAY, FRIDAY_EVENING, add_calendar, shanghai
from tests.market_data.worlds import World

DAYS = sorted(name for name in WITH_LEDGER if DATASETS[name].parts != Parts.WHOLE)
LISTS = sorted(name for name in WITH_LEDGER if DATASETS[name].parts == Parts.WHOLE)


@pytest.fixture
def evening(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    # A database's clock does not travel.
    monkeypatch.setattr(clock, "now", timezone.now)
    with time_machine.travel(FRIDAY_EVENING, tick=False) as traveller:
        add_calendar(date(2023, 1, 1), date(2024, 4, 30))
        yield traveller


def settled(dataset: str, day: date, state: str = "complete", **fields: Any) -> Partition:
    return Partition.objects.create(dataset=dataset, trade_date=day, state=state, **fields)


def keys(found: Iterator[incidents.Fault]) -> list[str]:
    return [fault.key for fault in found]


def behind() -> dict[str, int]:
    return {dataset: sessions for (dataset,), sessions in measuring.sessions_behind()}


@pytest.mark.parametrize("name", DAYS)
def test_every_dataset_of_days_is_late_hours_after_it_was_due(
    evening: time_machine.Traveller, settings: Any, name: str
) -> None:
    settings.ALERT_LATE_HOURS = 4
    quarterly = DATASETS[name].rhythm == Rhythm.QUARTERS
    first, due = (date(2023, 9, 30), "2024-05-01") if quarterly else (FRIDAY - timedelta(days=1), "2024-03-15")
    if quarterly:
        add_calendar(date(2024, 5, 1), date(2024, 5, 31))
    settled(name, first)
    ready = DATASETS[name].ready_at
    evening.move_to(shanghai(f"{due} {ready:%H:%M}") + timedelta(hours=4, minutes=-1))
    assert behind()[name] == (2 if quarterly else 1)
    assert keys(watching.late_datasets()) == []
    evening.move_to(shanghai(f"{due} {ready:%H:%M}") + timedelta(hours=4, minutes=1))
    assert keys(watching.late_datasets()) == [name]
    for day in (date(2023, 12, 31), date(2024, 3, 31)) if quarterly else (FRIDAY,):
        settled(name, day, "absent")
    assert (keys(watching.late_datasets()), behind()[name]) == ([], 0)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_late_when_it_was_to_be_asked_for_again(
    evening: time_machine.Traveller, settings: Any, name: str
) -> None:
    partition = settled(name, WHOLE, ask_after=FRIDAY_EVENING + timedelta(hours=1))
    assert (keys(watching.late_datasets()), behind()[name]) == ([], 0)
    partition.ask_after = FRIDAY_EVENING - timedelta(days=2)
    partition.save()
    assert (keys(watching.late_datasets()), behind()[name]) == ([name], 2)


def test_what_nobody_ever_brought_or_keeps_up_any_more_is_not_late(evening: time_machine.Traveller) -> None:
    assert (keys(watching.late_datasets()), behind()) == ([], {})
    settled("moneyflow", FRIDAY - timedelta(days=60))
    assert keys(watching.late_datasets()) == []
    moment = timezone.now()
    Incident.objects.create(key="late:moneyflow", kind="late", text="", opened_at=moment, seen_at=moment)
    assert keys(watching.late_datasets()) == ["moneyflow"]


def test_suspect_days_and_failures_that_wait_are_faults(evening: time_machine.Traveller) -> None:
    settled("daily", FRIDAY, "suspect")
    for count, dataset in ((2, "daily"), (3, "adj_factor")):
        SyncFailureRecord.objects.create(
            dataset=dataset, third_code="x", retry_count=count, max_retries=3, last_attempt_at=timezone.now()
        )
    (suspect,), (waiting,) = list(watching.suspect_days()), list(watching.waiting_failures())
    assert (suspect.key, waiting.key) == ("daily", "adj_factor")
    assert "daily has 1 suspect days" in suspect.text
    SyncFailureRecord.objects.update(resolved_at=timezone.now())
    assert keys(watching.waiting_failures()) == []


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("抱歉，您每天最多访问该接口500次", "TUSHARE_DAILY_MAX_CALLS"),
        ("您的token不对，请确认。", "TUSHARE_TOKEN"),
        ("The connection was cut.", None),
    ],
)
def test_a_refused_quota_or_token_is_a_fault_until_a_task_succeeds(db: None, reason: str, advice: str | None) -> None:
    failed = {"job_type": "DAILY_INCREMENTAL", "dataset": "daily", "status": SyncTask.Status.FAILED}
    SyncTask.objects.create(**failed, reason=reason)
    found = list(watching.refusals())
    assert bool(found) is bool(advice)
    assert advice is None or advice in found[0].text
    SyncTask.objects.create(**failed | {"status": SyncTask.Status.COMPLETED})
    assert keys(watching.refusals()) == []


@pytest.mark.django_db(transaction=True)
def test_calls_and_rows_of_a_sync_are_counted_and_stay_counted_when_its_requests_are_deleted(
    world: World, serve: Callable[..., Any], run: Callable[..., Any]
) -> None:
    server = serve(world)
    for _ in range(2):
        run("sync", "all", "--start", f"{world.first:%Y%m%d}", "--end", f"{world.last:%Y%m%d}")
    counted, rows = dict(measuring.calls_by_outcome()), dict(measuring.rows_by_change())
    assert {(key[0], key[2]) for key in counted} == {("tushare", "done")}
    assert counted["tushare", "daily", "done"] == sum(call.api == "daily" for call in server.calls)
    assert rows["daily", "inserted"] == len(world.cells())
    SyncRequest.objects.update(finished_at=timezone.now() - timedelta(days=91))
    Revision.objects.create(dataset="daily", before={}, revised_at=timezone.now() - timedelta(days=4000))

    class Here:
        def checkpoint(self) -> None:
            return

    deleted = retention.tidy_data(Here(), request_days=90, revision_days=3650)  # type: ignore[arg-type]
    assert deleted == {"requests": sum(counted.values()), "revisions": 1}
    assert (SyncRequest.objects.count(), dict(measuring.calls_by_outcome())) == (0, counted)
    assert sum(CallTally.objects.values_list("count", flat=True)) == sum(counted.values())
    assert dict(measuring.rows_by_change()) == rows


def test_attempts_that_failed_are_counted_as_calls(db: None) -> None:
    task = SyncTask.objects.create(job_type="X", dataset="daily", config={"provider": "akshare"})
    for state, attempts in (("done", 2), ("failed", 4), ("pending", 1), ("split", 0), ("pending", 0)):
        SyncRequest.objects.create(task=task, shape="symbols", state=state, attempts=attempts)
    assert dict(measuring.calls_by_outcome()) == {
        ("akshare", "daily", "done"): 1,
        ("akshare", "daily", "failed"): 8,
        ("akshare", "daily", "split"): 1,
    }
