"""Every job that brings data, from its schedule through real workers, against stand-ins, to an export."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from market_data.datasets import DATASETS
from market_data.engine.ledger import clock, expectations
from market_data.files import exporting
from market_data.standin.eastmoney.server import EastmoneyStandin
from market_data.standin.generated import generated_standin
from scheduling import control, installing
from scheduling.models import Execution, JobConfig, Pool
from tests.scheduling.conftest import broker_in_memory, broker_url, database_url, installation, migrated_file
from tests.scheduling.installation import Installation

pytestmark = pytest.mark.alone

__all__ = ["broker_in_memory", "broker_url", "database_url", "installation", "migrated_file"]
JOBS = {
    "sync_stock_basic": ("stock_basic", "trade_cal"),
    "sync_daily_history": ("daily", "adj_factor", "daily_basic", "suspend_d"),
    "sync_daily_by_date": ("daily",),
    "sync_finance_history": ("fina_indicator", "income", "balancesheet", "cashflow"),
    "sync_incremental_finance": ("fina_indicator", "disclosure_date"),
    "sync_concept_data": ("ths_index", "ths_member"),
    "sync_limit_up_pool": ("limit_up_pool",),
    "sync_dragon_tiger": ("dragon_tiger",),
    "sync_fund_flow": ("sector_fund_flow",),
}


@pytest.fixture
def sources(installation: Installation) -> Iterator[None]:
    """Thirty stocks on the last sixty sessions, at Tushare and on the pages that AkShare reads."""
    with generated_standin(30, 60, 1, clock.today()) as tushare, EastmoneyStandin(tushare.market) as pages:
        installation.environment |= {
            "TUSHARE_API_URL": tushare.url,
            "TUSHARE_TOKEN": "token-of-a-test",
            "TUSHARE_RATE_LIMIT_MAX_CALLS": "100000",
            "AKSHARE_URL": pages.url,
            "AKSHARE_RATE_LIMIT_MAX_CALLS": "100000",
            "SYNC_FINANCE_HISTORY_START_DATE": f"{clock.today().year - 1}0101",
        }
        yield


def ended() -> dict[str, str]:
    """The state of the first run of each job; a slow machine skips moments while that one still runs."""
    runs = Execution.objects.exclude(finished_at=None).exclude(status="SKIPPED").order_by("-queued_at")
    return dict(runs.values_list("job_id", "status"))


def not_out_yet(moment: datetime) -> set[str]:
    """The sectors' flow is of the latest session only: on a trading day there is none before its hour."""
    flow, day = DATASETS["sector_fund_flow"], clock.today()
    is_early = moment < clock.ready_moment(flow, day) and expectations.open_days(day, day)
    return {flow.name} if is_early else set()


@pytest.mark.usefixtures("sources")
def test_every_job_runs_from_its_schedule_and_its_data_can_be_exported(
    installation: Installation, tmp_path: Path
) -> None:
    installing.install_schedules()
    Pool.objects.create(name="one by one", slots=1)
    # Whatever today is, and one after the other: some of them work on the same datasets.
    JobConfig.objects.filter(job_id__in=JOBS).update(calendar="", pool="one by one")
    JobConfig.objects.filter(job_id="sync_stock_basic").update(priority=9)
    for job_id in JOBS:
        control.set_cron(job_id, "* * * * *", enabled=True)
    began = clock.now()
    installation.start("control", "sync", "beat")
    installation.wait(lambda: set(ended()) >= set(JOBS), seconds=240)
    told = dict(Execution.objects.exclude(finished_at=None).values_list("job_id", "error_message"))
    assert {job_id: ended()[job_id] for job_id in JOBS} == dict.fromkeys(JOBS, "SUCCESS"), told
    too_early = not_out_yet(began)
    for name in {name for names in JOBS.values() for name in names}:
        rows = exporting.export(exporting.Selection(DATASETS[name]), "csv", str(tmp_path / f"{name}.csv")).rows
        assert rows > 0 or name in too_early, name
