"""AkShare's jobs and datasets, from the stand-ins' pages to the tables, the ledger and the export."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from market_data.datasets import DATASETS
from market_data.engine.ledger import clock
from market_data.engine.storing.origin import is_made_up
from market_data.models import (
    CircuitState,
    ConceptBoard,
    DailyBar,
    DragonTiger,
    IndividualFundFlow,
    LimitUp,
    Partition,
    SectorFundFlow,
    SyncFailureRecord,
    TradingDay,
)
from market_data.queries.concepts import members
from market_data.standin.eastmoney.server import EastmoneyStandin
from market_data.standin.tushare.rules import Rules
from market_data.standin.tushare.server import Standin
from scheduling.installing import install_schedules
from scheduling.models import JobConfig
from tests.market_data.builders import shanghai
from tests.market_data.providers.sources import LAST_DAY, SYMBOL

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("tushare", "eastmoney")]
FRIDAY = date(2024, 3, 29)
JOBS = {
    "sync_limit_up_pool": "limit_up_pool",
    "sync_dragon_tiger": "dragon_tiger",
    "sync_fund_flow": "sector_fund_flow",
}
WEEK = ("--start", "20240325", "--end", LAST_DAY)
TODAY = ("--start", LAST_DAY, "--end", LAST_DAY)


@pytest.fixture(autouse=True)
def friday_evening(monkeypatch: pytest.MonkeyPatch) -> None:
    """The evening of the market's last day."""
    behind = clock.now() - shanghai("2024-03-29 20:00")
    really = clock.now
    monkeypatch.setattr(clock, "now", lambda: really() - behind)


@pytest.fixture
def run_job(run: Any) -> Callable[..., tuple[int, dict[str, Any]]]:
    install_schedules()

    def call(job_id: str, kwargs: str = "{}") -> tuple[int, dict[str, Any]]:
        code, report, _ = run("run_job", job_id, "--kwargs", kwargs)
        return code, report

    return call


@pytest.mark.parametrize("days_later", [1, 2])
def test_the_flow_of_the_last_session_is_there_until_the_next_one(
    monkeypatch: pytest.MonkeyPatch, run: Any, run_job: Any, days_later: int
) -> None:
    run("sync", "trade_cal")
    evening = clock.now
    monkeypatch.setattr(clock, "now", lambda: evening() + timedelta(days=days_later))
    assert run_job("sync_fund_flow")[0] == 0
    assert set(SectorFundFlow.objects.values_list("trade_date", flat=True)) == {FRIDAY}


@pytest.mark.parametrize("job_id", JOBS)
def test_the_jobs_run_twice_an_evening_and_on_trading_days_only(job_id: str) -> None:
    install_schedules()
    config = JobConfig.objects.get(job_id=job_id)
    hours = str(config.cron_expression).split()[1].split(",")
    assert (len(hours), config.calendar, config.pool) == (2, "SSE", "akshare")
    assert all(int(hour) >= 16 for hour in hours)


@pytest.mark.parametrize(("job_id", "dataset"), JOBS.items())
def test_a_job_brings_its_day_and_the_second_run_sends_nothing(
    eastmoney: EastmoneyStandin, run_job: Any, job_id: str, dataset: str
) -> None:
    code, report = run_job(job_id)
    assert (code, report["status"]) == (0, "SUCCESS")
    assert Partition.objects.get(dataset=dataset, trade_date=FRIDAY).state == "complete"
    sent = len(eastmoney.calls)
    assert run_job(job_id)[1]["status"] == "SUCCESS"
    assert len(eastmoney.calls) == sent > 0


@pytest.mark.parametrize(("job_id", "dataset"), JOBS.items())
def test_what_the_first_run_did_not_get_the_second_run_of_the_evening_does(
    eastmoney: EastmoneyStandin, run_job: Any, job_id: str, dataset: str
) -> None:
    eastmoney.desk.faults = {"captcha": 1.0}
    code, report = run_job(job_id)
    assert (code, report["status"]) == (1, "PARTIAL")
    assert CircuitState.objects.get().open_until is not None
    assert not Partition.objects.filter(dataset=dataset, state="complete").exists()
    eastmoney.desk.faults = {}
    CircuitState.objects.update(open_until=None)
    assert run_job(job_id)[1]["status"] == "SUCCESS"
    assert Partition.objects.get(dataset=dataset, trade_date=FRIDAY).state == "complete"
    assert not SyncFailureRecord.objects.filter(resolved_at=None).exists()


def test_a_page_that_has_changed_is_kept_as_evidence(eastmoney: EastmoneyStandin, run: Any) -> None:
    eastmoney.desk.faults = {"renamed_column": 1.0}
    code, report, _ = run("sync", "limit_up_pool", *TODAY)
    assert (code, report["rows"]) == (1, 0)
    failure = SyncFailureRecord.objects.get()
    assert (failure.dataset, failure.third_code) == ("limit_up_pool", LAST_DAY)
    assert "zdp_x" in failure.evidence["answer"]
    assert not CircuitState.objects.filter(refusals__gt=0).exists()
    eastmoney.desk.faults = {}
    assert run("sync", "limit_up_pool", *TODAY)[0] == 0
    failure.refresh_from_db()
    assert failure.resolved_at is not None


def test_the_job_brings_the_flow_into_the_stocks_it_is_told(run_job: Any) -> None:
    code, report = run_job("sync_fund_flow", f'{{"symbols": ["{SYMBOL}"]}}')
    assert (code, report["status"]) == (0, "SUCCESS")
    assert set(IndividualFundFlow.objects.values_list("symbol", flat=True)) == {SYMBOL}


def test_bars_that_are_late_come_from_the_fallback_for_named_stocks_only(tushare: Standin, run_job: Any) -> None:
    tushare.rules = Rules(late=(LAST_DAY,))
    code, report = run_job("sync_daily_by_date", f'{{"datasets": ["daily"], "fallback_symbols": ["{SYMBOL}"]}}')
    assert (code, report["status"]) == (1, "PARTIAL")
    assert [part["provider"] for part in report["result"]["datasets"]] == ["tushare", "akshare"]
    (bar,) = DailyBar.objects.filter(trade_date=FRIDAY)
    assert (bar.symbol, bar.provider) == (SYMBOL, "akshare")
    assert set(DailyBar.objects.filter(trade_date__lt=FRIDAY).values_list("provider", flat=True)) == {"tushare"}
    tushare.rules = Rules()
    run_job("sync_daily_by_date", '{"datasets": ["daily"]}')
    assert DailyBar.objects.filter(trade_date=FRIDAY).exclude(symbol=SYMBOL).exists()
    assert set(DailyBar.objects.exclude(symbol=SYMBOL).values_list("provider", flat=True)) == {"tushare"}


def test_the_fallback_comes_where_tushare_may_not_be_asked_at_all(tushare: Standin, run_job: Any) -> None:
    run_job("sync_stock_basic")
    tushare.rules = Rules(token=("another",))
    code, report = run_job("sync_daily_by_date", f'{{"datasets": ["daily"], "fallback_symbols": ["{SYMBOL}"]}}')
    assert (code, report["status"]) == (1, "PARTIAL")
    assert set(DailyBar.objects.values_list("symbol", "provider")) == {(SYMBOL, "akshare")}


@pytest.mark.parametrize("dataset", ["limit_up_pool", "dragon_tiger", "sector_fund_flow"])
def test_the_same_row_twice_is_one_row(eastmoney: EastmoneyStandin, run: Any, dataset: str) -> None:
    eastmoney.desk.faults = {"same_row_twice": 1.0}
    code, report, _ = run("sync", dataset, *TODAY)
    stored = DATASETS[dataset].model._default_manager.count()
    assert (code, report["rows"], SyncFailureRecord.objects.count()) == (0, stored, 0)


def test_a_day_on_which_nothing_was_listed_is_complete(eastmoney: EastmoneyStandin, run: Any) -> None:
    eastmoney.desk.faults = {"null_data": 1.0}
    assert run("sync", "dragon_tiger", *WEEK)[0] == 0
    assert set(Partition.objects.filter(dataset="dragon_tiger").values_list("state", flat=True)) == {"complete"}
    assert not SyncFailureRecord.objects.exists()


def test_a_week_of_the_dragon_tiger_list_is_one_call(eastmoney: EastmoneyStandin, run: Any) -> None:
    code, report, _ = run("sync", "dragon_tiger", *WEEK)
    assert (code, report["rows"]) == (0, 15)
    assert len({call.params["filter"] for call in eastmoney.calls}) == 1
    listed = DragonTiger.objects.filter(trade_date=FRIDAY)
    assert listed.count() == 3
    assert listed.values("symbol").distinct().count() == 2


def test_a_week_of_limit_ups_is_a_call_for_each_day(eastmoney: EastmoneyStandin, run: Any) -> None:
    assert run("sync", "limit_up_pool", *WEEK)[0] == 0
    assert sorted(call.params["date"] for call in eastmoney.calls) == [f"202403{day}" for day in range(25, 30)]
    first = LimitUp.objects.get(trade_date=FRIDAY)
    assert (first.first_time, first.last_time) == ("092500", "145643")
    assert first.close is not None
    assert first.fd_amount is not None


def test_the_flow_into_sectors_is_stored_in_yuan_and_percent(run: Any) -> None:
    assert run("sync", "sector_fund_flow", *TODAY)[0] == 0
    assert SectorFundFlow.objects.count() == 15
    for row in SectorFundFlow.objects.filter(kind="industry"):
        assert row.main_net_amount == pytest.approx(row.super_large_net_amount + row.large_net_amount, abs=1)


def test_the_flow_into_named_stocks_takes_one_call_for_each(eastmoney: EastmoneyStandin, run: Any) -> None:
    code, _, _ = run("sync", "individual_fund_flow", *WEEK, "--symbols", f"{SYMBOL},000001.SZ")
    assert code == 0
    assert len(eastmoney.calls) == 2
    assert set(IndividualFundFlow.objects.values_list("symbol", flat=True)) == {SYMBOL, "000001.SZ"}
    assert IndividualFundFlow.objects.filter(symbol=SYMBOL).count() == 5
    assert run("gaps", "individual_fund_flow", *WEEK, "--symbols", SYMBOL)[0] == 0


@pytest.mark.parametrize("dataset", ["limit_up_pool", "dragon_tiger", "sector_fund_flow"])
def test_what_was_stored_can_be_exported(run: Any, tmp_path: Any, dataset: str) -> None:
    run("sync", dataset, *TODAY)
    path = tmp_path / f"{dataset}.csv"
    code, report, _ = run("export", dataset, "--output", path)
    assert (code, report["rows"]) == (0, len(path.read_text(encoding="utf-8").splitlines()) - 1)
    assert report["rows"] > 0


def test_a_host_that_refuses_is_left_alone_until_it_answers_again(eastmoney: EastmoneyStandin, run: Any) -> None:
    eastmoney.desk.faults = {"reset": 1.0}
    code, report, said = run("sync", "limit_up_pool", *TODAY)
    assert (code, report["status"]) == (1, "FAILED")
    assert "left alone until" in report["reason"] + said
    assert len(eastmoney.calls) == 3
    eastmoney.desk.faults = {}
    assert run("sync", "limit_up_pool", *TODAY)[0] == 1
    assert len(eastmoney.calls) == 3
    CircuitState.objects.update(open_until=clock.now() - timedelta(days=1))
    assert run("sync", "limit_up_pool", *TODAY)[0] == 0
    assert CircuitState.objects.get().open_until is None


def test_without_an_account_at_tushare_the_calendar_comes_through_akshare_too(settings: Any, run: Any) -> None:
    settings.TUSHARE_TOKEN = ""
    code, report, _ = run("sync", "limit_up_pool", *WEEK, "--provider", "akshare")
    assert (code, report["status"]) == (0, "COMPLETED")
    assert [part["dataset"] for part in report["dependencies"]] == ["trade_cal"]
    assert TradingDay.objects.filter(is_open=True, trade_date__range=(date(2024, 3, 25), FRIDAY)).count() == 5


def test_a_demonstration_asks_no_host_out_there(
    settings: Any, eastmoney: EastmoneyStandin, tushare: Standin, run_job: Any
) -> None:
    settings.DEMO = True
    for job_id in JOBS:
        assert run_job(job_id)[1]["status"] == "SUCCESS"
    assert is_made_up()
    assert DragonTiger.objects.filter(trade_date=FRIDAY).count() == 3
    assert eastmoney.calls == tushare.calls == []


def test_an_account_without_the_points_gets_its_concepts_through_akshare(settings: Any, run_job: Any, run: Any) -> None:
    settings.TUSHARE_POINTS = 2000
    code, report = run_job("sync_concept_data")
    assert (code, report["status"]) == (0, "SUCCESS")
    assert [part["provider"] for part in report["result"]["datasets"]] == ["akshare", "akshare"]
    board = ConceptBoard.objects.filter(source="em").order_by("code").first()
    assert board is not None
    assert members("em", board.code).count() > 0
    assert run("gaps", "em_concept_member")[0] == 0
