"""The jobs of market data, run as a schedule runs them, in this process."""

from datetime import timedelta
from typing import Any

import pytest

from market_data.engine.ledger import clock
from market_data.models import AdjFactor, DailyBar, Partition, SyncTask
from scheduling.installing import install_schedules
from scheduling.models import Execution
from tests.market_data.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def recent(tmp_path: Any) -> World:
    """Six stocks in the forty days before today."""
    today = clock.today()
    world = World(tmp_path / "recent", 6, today - timedelta(days=40), today - timedelta(days=1))
    world.known_until = today + timedelta(days=60)
    return world


@pytest.fixture
def run_job(run: Any) -> Any:
    install_schedules()

    def call(job_id: str, kwargs: str = "{}") -> tuple[int, dict[str, Any]]:
        code, report, _ = run("run_job", job_id, "--kwargs", kwargs)
        return code, report

    return call


def test_the_default_schedules_are_installed_once_and_an_edit_is_kept(run):
    code, report, _ = run("install_schedules")
    assert code == 0
    assert {"sync_daily_by_date", "sync_incremental_finance", "sync_concept_data", "sync_stock_basic"} <= set(
        report["created"]
    )
    assert run("install_schedules")[1]["created"] == []


def test_the_daily_job_brings_what_is_missing_since_the_last_complete_day(recent, serve, run, run_job):
    serve(recent)
    first = recent.days[-6]
    run("sync", "all", "--start", f"{recent.first:%Y%m%d}", "--end", f"{first:%Y%m%d}")
    code, report = run_job("sync_daily_by_date")
    assert (code, report["status"]) == (0, "SUCCESS")
    assert {part["dataset"] for part in report["result"]["datasets"]} >= {"daily", "adj_factor", "daily_basic"}
    assert DailyBar.objects.count() == len(recent.cells())
    assert not Partition.objects.filter(dataset="daily").exclude(state="complete").exists()


def test_a_day_that_came_in_part_makes_the_run_partial(recent, serve, run_job):
    serve(recent, partial={f"{recent.days[-1]:%Y%m%d}": 0.5})
    code, report = run_job("sync_daily_by_date", '{"datasets": ["daily"]}')
    assert (code, report["status"]) == (1, "PARTIAL")


def test_a_wrong_token_fails_the_run_with_its_sentence(recent, serve, run_job):
    serve(recent, token=("another",))
    code, report = run_job("sync_daily_history", '{"datasets": ["daily"]}')
    assert (code, report["status"]) == (1, "FAILED")
    assert "token" in Execution.objects.get().error_message


def test_a_task_that_a_person_paused_is_left_alone(recent, serve, run_job):
    serve(recent)
    SyncTask.objects.create(job_type="DAILY_HISTORY", dataset="daily", status="PAUSED")
    _, report = run_job("sync_daily_history", '{"datasets": ["daily"]}')
    assert report["status"] == "SKIPPED"
    assert "paused" in Execution.objects.get().error_message


def test_a_repair_that_would_cost_too_much_is_not_begun(recent, serve, run, run_job):
    server = serve(recent)
    run("sync", "adj_factor")
    AdjFactor.objects.exclude(trade_date=recent.days[0]).delete()
    run("recount", "adj_factor")
    sent = len(server.calls)
    code, report = run_job("repair_gaps", '{"datasets": ["adj_factor"], "max_calls": 5}')
    assert (code, report["status"], len(server.calls)) == (1, "FAILED", sent)
    code, report = run_job("repair_gaps", '{"datasets": ["adj_factor"], "max_calls": 6}')
    assert (code, report["status"], len(server.calls)) == (0, "SUCCESS", sent + 6)


@pytest.mark.parametrize("kwargs", ['{"datasets": ["bars"]}', '{"datasets": []}', '{"what": 1}', "[]", "{"])
def test_arguments_that_do_not_fit_are_wrong_usage(run_job, kwargs):
    assert run_job("sync_daily_history", kwargs)[0] == 2
