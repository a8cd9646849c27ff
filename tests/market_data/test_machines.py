"""Two hosts with workers, which share PostgreSQL, a broker and the account of a provider."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from market_data.engine.ledger import clock
from market_data.standin.market.generated import generate_market
from market_data.standin.tushare.rules import Rules
from market_data.standin.tushare.server import Standin
from scheduling import control, running
from scheduling.models import Execution
from tests.benchmarks.harness import ROOT, calls_in, most_in_a_window
from tests.market_data import hosts
from tests.market_data.hosts import Host
from tests.scheduling.conftest import broker_in_memory, installation, migrate
from tests.scheduling.environments import environment
from tests.scheduling.installation import Installation
from tests.scheduling.servers import own_server

__all__ = ["broker_in_memory", "installation"]
pytestmark = pytest.mark.alone
LISTS = ["trade_cal", "stock_basic"]
REPORTS = ["income", "cashflow", "balancesheet", "fina_indicator"]
CALLS, WINDOW_SECONDS = 20, 2.0
# A busy machine bunches calls on their way; two hosts that each count for themselves would send half as many again.
CONFIGURED = 15


@pytest.fixture
def two_hosts() -> Iterator[list[Host]]:
    with hosts.set_up(2) as made:
        yield made


@pytest.fixture
def database_url(two_hosts: list[Host], tmp_path: Path) -> Iterator[str]:
    with hosts.database_for(two_hosts) as url:
        migrate(environment(tmp_path, "", url))
        yield url


@pytest.fixture
def broker_url(two_hosts: list[Host], tmp_path: Path) -> Iterator[str]:
    server = own_server(tmp_path, *(host.gateway for host in two_hosts))
    yield server.url
    server.kill()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


@pytest.fixture
def source(installation: Installation, log: Path) -> Iterator[Standin]:
    """Reports of 45 stocks, stock by stock, which is half a minute within the quota that the account must keep."""
    market = generate_market(45, 60, 1, f"{clock.today():%Y%m%d}")
    by_quarter = tuple(f"{report}_vip" for report in REPORTS)
    rules = Rules(quota=(f"{CALLS}/{WINDOW_SECONDS:g}",), latency=0.2, deny=by_quarter)
    with Standin(market, rules, host="0.0.0.0", log=log) as server:  # noqa: S104 - the hosts have addresses of their own
        installation.environment |= {
            "TUSHARE_API_URL": server.url.replace("0.0.0.0", "127.0.0.1"),  # noqa: S104
            "TUSHARE_TOKEN": "one-account",
            "TUSHARE_RATE_LIMIT_MAX_CALLS": str(CONFIGURED),
            "TUSHARE_RATE_LIMIT_WINDOW_SECONDS": str(WINDOW_SECONDS),
            "SYNC_LEASE_SECONDS": "3",
            "SYNC_FINANCE_HISTORY_START_DATE": f"{clock.today().year - 1}0101",
        }
        yield server


def start_worker(installation: Installation, host: Host, name: str) -> None:
    """As the page on several machines says: the same settings, and a folder of its own."""
    folder = installation.folder / host.name
    folder.mkdir(exist_ok=True)
    shared = {
        setting: host.seen_from_here(installation.environment[setting])
        for setting in ("DATABASE_URL", "CELERY_BROKER_URL", "TUSHARE_API_URL")
    }
    installation.start(name, host=host.command, STOCKSYNC_VAR=str(folder), **shared)


def bring(*datasets: str) -> None:
    name = f"bring_{datasets[0]}"
    control.create(name, job_type="backfill", job_kwargs={"datasets": list(datasets)})
    running.trigger_now(name)


def has_gaps(installation: Installation, dataset: str) -> bool:
    command = [sys.executable, "manage.py", "gaps", dataset]
    return subprocess.run(command, env=installation.environment, cwd=ROOT, capture_output=True).returncode != 0


def working() -> set[str]:
    """The hosts on which runs are under way."""
    workers = Execution.objects.filter(status="RUNNING").values_list("worker", flat=True)
    return {worker.partition(":")[0] for worker in workers}


def test_a_host_that_is_lost_costs_a_lease_and_the_account_keeps_its_quota(
    installation: Installation, two_hosts: list[Host], source: Standin, log: Path
) -> None:
    one, two = two_hosts
    installation.start("control", "beat")
    start_worker(installation, one, "sync")
    bring(*LISTS)
    installation.wait_for("SUCCESS")
    start_worker(installation, two, "second sync")
    installation.wait(lambda: "ready." in installation.log("second sync"))
    for dataset in REPORTS:
        bring(dataset)
    installation.wait(lambda: {one.name, two.name} <= working())

    one.pull_cable()
    lost = list(Execution.objects.filter(status="RUNNING", worker__startswith=one.name).values_list("id", flat=True))
    installation.wait_for("SUCCESS", 1 + len(REPORTS), seconds=180)
    taken_over = Execution.objects.filter(id__in=lost)
    assert {(run.worker.partition(":")[0], run.losses) for run in taken_over} == {(two.name, 1)}
    assert [dataset for dataset in REPORTS if has_gaps(installation, dataset)] == []
    assert most_in_a_window([call["at"] for call in calls_in(log)], WINDOW_SECONDS) <= CALLS

    installation.kill_tree("second sync")
    one.plug_in()
    bring("disclosure_date")
    installation.wait_for("SUCCESS", 2 + len(REPORTS), seconds=120)
    assert Execution.objects.get(job_id="bring_disclosure_date").worker.startswith(one.name)
