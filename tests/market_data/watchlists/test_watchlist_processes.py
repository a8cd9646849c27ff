"""A watchlist from the request that makes it to its bars, through real workers."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis

from market_data.engine.ledger import clock
from market_data.models import GlobalBar, SyncFailureRecord
from market_data.standin.yahoo.charts import generate_charts
from market_data.standin.yahoo.server import YahooStandin
from tests.rest_clients import program_of, superuser
from tests.scheduling.conftest import broker_in_memory, broker_url, database_url, installation, migrated_file
from tests.scheduling.installation import Installation
from tests.scheduling.servers import answering_redis

pytestmark = pytest.mark.alone

__all__ = ["broker_in_memory", "broker_url", "database_url", "installation", "migrated_file"]
REDIS_URL = "redis://127.0.0.1:6379/7"


@pytest.fixture
def served() -> Iterator[YahooStandin]:
    charts = generate_charts(["AAPL", "600000.SS"], 60, 1, clock.today() - timedelta(days=1))
    with YahooStandin(charts) as server:
        yield server


@pytest.fixture
def client() -> Iterator["redis.Redis[bytes]"]:
    with answering_redis(REDIS_URL) as connected:
        yield connected


def test_a_watchlist_made_by_a_program_is_fetched_by_a_worker(
    installation: Installation, served: YahooStandin, client: "redis.Redis[bytes]"
) -> None:
    installation.environment |= {"YFINANCE_URL": served.url, "WATCHLIST_REDIS_URL": REDIS_URL}
    installation.environment |= {"YFINANCE_RATE_LIMIT_MAX_CALLS": "10000", "WATCHLIST_REDIS_EXPIRE_SECONDS": "60"}
    installation.start("control", "sync")
    api = program_of(superuser())
    prefix = f"test-{installation.folder.name}"
    wanted = {"name": "Mine", "stock_ids": ["AAPL", "NOBODY", "600000.SH"], "prefix": prefix}
    job_id = api.post("/scheduler/jobs", wanted).json()["job_id"]
    assert api.post(f"/scheduler/jobs/{job_id}/trigger").status_code == 202

    (execution,) = installation.wait_for("PARTIAL", seconds=60)

    assert execution.result["fetched"] == ["AAPL", "600000.SH"]
    assert list(execution.result["errors"]) == ["NOBODY"]
    job = api.get(f"/scheduler/jobs/{job_id}").json()
    assert job["status"] == "completed"
    stored = GlobalBar.objects.filter(symbol="AAPL").order_by("trade_date")
    published = json.loads(client.get(f"{prefix}:AAPL:{job['start_date']}:{job['end_date']}") or "")
    assert [row["close"] for row in published] == list(stored.values_list("close", flat=True)) != []
    assert SyncFailureRecord.objects.get().third_code == "NOBODY"
