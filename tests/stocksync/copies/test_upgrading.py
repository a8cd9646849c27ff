"""A database of the schema before answers were judged, with data in it, comes up to date without losing any."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stocksync.copies.conftest import Place

BEFORE = (("market_data", "0008_global_bars"), ("scheduling", "0002_execution_list_indexes"))
FILL_AS_THEN = f"""
from datetime import date, timedelta
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
executor = MigrationExecutor(connection)
others = [n for n in executor.loader.graph.leaf_nodes() if n[0] not in ("market_data", "scheduling", "stocksync")]
executor.migrate([*others, *{BEFORE!r}])
apps = executor.loader.project_state([*others, *{BEFORE!r}]).apps
model = lambda name: apps.get_model("market_data", name).objects
days = [date(2024, 1, 1) + timedelta(days=n) for n in range(5)]
model("TradingDay").bulk_create([model("TradingDay").model(exchange="SSE", trade_date=d, is_open=True) for d in days])
model("Security").create(symbol="600000.SH", list_status="L", list_date=date(2000, 1, 1))
model("DailyBar").bulk_create([model("DailyBar").model(symbol="600000.SH", trade_date=d, close=7.5) for d in days[:4]])
for day in days[:4]:
    model("Partition").create(dataset="daily", trade_date=day, state="complete", expected=1, got=1)
for minutes in (2, 1):
    model("SyncTask").create(
        job_type="DAILY_HISTORY" if minutes == 1 else "DAILY_BY_DATE", dataset="daily", status="RUNNING", config={{}},
        started_at=timezone.now() - timedelta(minutes=minutes),
    )
model("SyncFailureRecord").create(
    job_type="DAILY_HISTORY", dataset="daily", third_code="600000.SH", error_message="refused", max_retries=3,
    last_attempt_at=timezone.now(),
)
apps.get_model("scheduling", "Execution").objects.create(
    job_id="a", job_type="a", trigger="x", status="SUCCESS", queue="sync", queued_at=timezone.now()
)
"""
NOW = """
from market_data.models import DailyBar, Partition, SyncFailureRecord, SyncTask
from scheduling.models import Execution
print(DailyBar.objects.filter(close=7.5).count(), Partition.objects.filter(state="complete").count())
print(sorted(SyncTask.objects.values_list("job_type", "status")))
print(SyncFailureRecord.objects.get(resolved_at=None).error_message, Execution.objects.get().status)
"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_was_stored_before_is_there_after_an_upgrade(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = ""
    if database == "postgresql":
        new: Callable[[], str] = request.getfixturevalue("new_postgresql")
        url = new()
    place = Place(tmp_path / "place", url)
    place.ask(FILL_AS_THEN)
    assert place._call("migrate", "-v0").returncode == 0
    assert place.ask(NOW).split("\n")[:3] == [
        "4 4",
        "[('DAILY_BY_DATE', 'FAILED'), ('DAILY_HISTORY', 'RUNNING')]",
        "refused SUCCESS",
    ]
    known = place.run("gaps", "daily", "--start", "20240101", "--end", "20240105")
    assert (known.code, known.report["complete"], known.report["missing"]) == (1, 4, 1)
