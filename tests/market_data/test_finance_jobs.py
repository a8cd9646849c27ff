"""The jobs that bring reports: history, and increments by what failed, what was announced, what is overdue."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import time_machine

from market_data.datasets import DATASETS
from market_data.engine import report_orders
from market_data.models import FinaIndicator, IncomeStatement, SyncFailureRecord, SyncTask
from scheduling.installing import install_schedules
from tests.market_data.report_worlds import Report, report, write_reports
from tests.market_data.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)
FINA, INCOME = DATASETS["fina_indicator"], DATASETS["income"]
HALF, AUTUMN = date(2024, 6, 30), date(2024, 9, 30)
INDICATORS = '{"datasets": ["fina_indicator"]}'


@pytest.fixture
def reporting(tmp_path: Path) -> World:
    """Four stocks, listed since March 2024."""
    return World(tmp_path / "reporting", 4, date(2024, 3, 1), date(2024, 11, 29)).write()


@pytest.fixture
def october() -> Iterator[None]:
    """The half year is due, the third quarter is not."""
    with time_machine.travel("2024-10-20 00:00:00+08:00", tick=True):
        yield


def disclosed(world: World, announced: dict[str, str]) -> None:
    """Who announced the third quarter, and when."""
    rows: list[Report] = [
        {
            "ts_code": symbol,
            "ann_date": "20240630",
            "end_date": "20240930",
            "pre_date": "20241025",
            "actual_date": announced.get(symbol, ""),
        }
        for symbol in world.symbols
    ]
    write_reports(world, "disclosure_date", rows)


def run_job(run: Any, name: str, kwargs: str) -> dict[str, Any]:
    install_schedules()
    told: dict[str, Any] = run("run_job", name, "--kwargs", kwargs)[1]
    return told


def asked(server: Any, api: str = "fina_indicator") -> list[str]:
    return [call.params["ts_code"] for call in server.calls if call.api == api]


@pytest.mark.usefixtures("october")
def test_the_history_brings_every_report_since_the_configured_period(reporting, serve, run, settings):
    settings.SYNC_FINANCE_HISTORY_START_DATE = date(2024, 6, 1)
    for dataset in (FINA, INCOME):
        write_reports(reporting, dataset.name, [report(dataset, s, HALF) for s in reporting.symbols])
    serve(reporting)
    told = run_job(run, "sync_finance_history", '{"datasets": ["fina_indicator", "income"]}')
    assert told["status"] == "SUCCESS"
    assert (FinaIndicator.objects.count(), IncomeStatement.objects.count()) == (4, 4)
    tasks = SyncTask.objects.filter(dataset__in=["income", "fina_indicator"])
    assert set(tasks.values_list("job_type", "batch_size")) == {("FINANCE_HISTORY", 100)}


@pytest.mark.usefixtures("october")
def test_an_increment_brings_what_was_announced_and_what_is_overdue(reporting, serve, run, settings):
    settings.SYNC_INCREMENTAL_MISSING_LIMIT = 3
    early = reporting.symbols[1]
    disclosed(reporting, {early: "20241018"})
    reports = [report(FINA, symbol, quarter) for symbol in reporting.symbols for quarter in (HALF, AUTUMN)]
    write_reports(reporting, "fina_indicator", reports)
    server = serve(reporting)
    told = run_job(run, "sync_incremental_finance", INDICATORS)
    assert told["status"] == "SUCCESS", told
    brought = set(FinaIndicator.objects.values_list("symbol", "end_date"))
    assert brought == {(early, AUTUMN), *((symbol, HALF) for symbol in reporting.symbols[:3])}
    assert asked(server)[0] == early
    run_job(run, "sync_incremental_finance", INDICATORS)
    assert FinaIndicator.objects.count() == 5
    server.calls.clear()
    run_job(run, "sync_incremental_finance", INDICATORS)
    assert asked(server) == []


@pytest.mark.usefixtures("october")
def test_failed_reports_are_asked_for_first_and_given_up_ones_not_at_all(reporting, serve, run, settings):
    settings.SYNC_INCREMENTAL_MISSING_LIMIT = 0
    disclosed(reporting, {})
    write_reports(reporting, "fina_indicator", [report(FINA, s, HALF) for s in reporting.symbols])
    serve(reporting)
    for symbol, count in ((reporting.symbols[0], 0), (reporting.symbols[1], 3)):
        SyncFailureRecord.objects.create(
            job_type="FINANCE_HISTORY",
            dataset="fina_indicator",
            third_code=symbol,
            symbols=[symbol],
            start_date=HALF,
            end_date=HALF,
            error_message="It did not answer.",
            retry_count=count,
            max_retries=3,
            last_attempt_at="2024-10-19T00:00:00Z",
        )
    run_job(run, "sync_incremental_finance", INDICATORS)
    assert list(FinaIndicator.objects.values_list("symbol", flat=True)) == [reporting.symbols[0]]
    assert SyncFailureRecord.objects.filter(resolved_at=None).count() == 1


@pytest.mark.usefixtures("october")
def test_an_announced_report_of_a_stock_that_no_list_has_is_left_alone(reporting, serve, run):
    disclosed(reporting, {"600003.SH": "20241018"})
    reporting.unlisted = {"600003.SH"}
    serve(reporting)
    run("sync", "stock_basic")
    run("sync", "disclosure_date")
    assert list(report_orders.announced(FINA)) == []


@pytest.mark.usefixtures("october")
def test_failures_of_the_predecessor_are_asked_for_first(reporting, serve, run, settings, tmp_path):
    settings.SYNC_INCREMENTAL_MISSING_LIMIT = 0
    disclosed(reporting, {})
    write_reports(reporting, "fina_indicator", [report(FINA, s, HALF) for s in reporting.symbols])
    server = serve(reporting)
    old = tmp_path / "old"
    old.mkdir()
    (old / "sync_finance_failures.json").write_text(f'{{"{reporting.symbols[2]}": "timeout", "000000.XX": "timeout"}}')
    assert run("import_json_state", old)[1]["imported"] == 2
    run_job(run, "sync_incremental_finance", INDICATORS)
    assert asked(server) == [reporting.symbols[2]]
    assert list(FinaIndicator.objects.values_list("symbol", flat=True)) == [reporting.symbols[2]]
    # A stock that no list has owes no report.
    assert not SyncFailureRecord.objects.filter(resolved_at=None).exists()
