"""What `many_jobs` measures, within an installation of its own."""

import gc
import logging
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from time import perf_counter

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from market_data.datasets import WITH_LEDGER
from market_data.models import Partition, SyncRequest, SyncTask
from scheduling import control, cron
from scheduling.context import Status
from scheduling.models import Execution
from scheduling.schedulers import DatabaseScheduler
from stocksync import celery_app

JOBS, RUNS_EACH, TRIES, CHUNK = 5000, 20, 5, 100
TICK_BAR, PAGE_BAR, METRICS_BAR = 1000, 300, 200
DATASETS_KEPT, DAYS_KEPT, REQUESTS_KEPT = 12, 5000, 20_000
PAGES = (
    "/admin/scheduling/jobconfig/",
    "/admin/scheduling/jobconfig/?q=job04",
    "/admin/scheduling/jobconfig/?state=enabled&p=50",
    "/admin/scheduling/execution/",
    "/scheduler/jobs",
    "/scheduler/jobs?active_only=true&offset=4900",
    "/scheduler/status",
    "/scheduler/executions",
)


def main() -> None:
    logging.getLogger("scheduling").setLevel(logging.WARNING)
    began = perf_counter()
    make_jobs()
    make_runs()
    make_ledger()
    print(f"  {JOBS} jobs and {JOBS * RUNS_EACH} runs made in {perf_counter() - began:.0f} s")
    if connection.vendor == "postgresql":
        # What its autovacuum does within a minute; a first look at new rows writes to all of them.
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    measure_beat()
    # A web process starts without what beat has computed, and without the garbage of making thousands of jobs; the
    # pages themselves have been loaded once.
    cron._clock.cache_clear()
    gc.collect()
    gc.freeze()
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root"))
    opened(client, "/admin/")
    for address in PAGES:
        tell(address, PAGE_BAR, partial(opened, client, address))
    tell("/metrics", METRICS_BAR, partial(opened, client, "/metrics"))


def make_jobs() -> None:
    for first in range(0, JOBS, CHUNK):
        _make_jobs(range(first, first + CHUNK))


@transaction.atomic
def _make_jobs(numbers: range) -> None:
    for number in numbers:
        kwargs = {"stock_ids": ["600000.SH", "AAPL"]}
        control.create(name(number), job_type="watchlist", job_kwargs=kwargs, schedule=control.cron(cron_of(number)))


def name(number: int) -> str:
    return f"job{number:05}"


def cron_of(number: int) -> str:
    """Every day, on weekdays or once a month: few jobs share a cron."""
    days = ("* * *", "* * 1-5", f"{number % 28 + 1} * *")[number % 3]
    return f"{number % 60} {number // 60 % 24} {days}"


def make_runs() -> None:
    runs = (run_of(number, age) for age in range(RUNS_EACH) for number in range(JOBS))
    Execution.objects.bulk_create(runs, batch_size=1000)


def make_ledger() -> None:
    """The ledger of twenty years, and the requests that brought them: what figures of the data are counted from."""
    first = date(2005, 1, 1)
    Partition.objects.bulk_create(
        [
            Partition(dataset=name, trade_date=first + timedelta(days=day), state=Partition.State.COMPLETE)
            for name in WITH_LEDGER[:DATASETS_KEPT]
            for day in range(DAYS_KEPT)
        ],
        batch_size=1000,
    )
    task = SyncTask.objects.create(job_type="DAILY_HISTORY", dataset="daily", status=SyncTask.Status.COMPLETED)
    SyncRequest.objects.bulk_create(
        [SyncRequest(task=task, shape="symbols", state=SyncRequest.State.DONE) for _ in range(REQUESTS_KEPT)],
        batch_size=1000,
    )


def run_of(number: int, days_ago: int) -> Execution:
    moment = timezone.now() - timedelta(days=days_ago)
    return Execution(
        job_id=name(number),
        job_type="watchlist",
        trigger="schedule",
        queue="sync",
        status=Status.FAILED if (number + days_ago) % 50 == 0 else Status.SUCCESS,
        duration_ms=1000,
        **dict.fromkeys(("scheduled_for", "queued_at", "started_at", "finished_at"), moment),
    )


def measure_beat() -> None:
    celery_app.conf.update(broker_url="memory://", broker_transport_options={})
    beat = DatabaseScheduler(app=celery_app, lazy=True)
    tell("beat's first tick", TICK_BAR, beat.tick, tries=1)
    tell("beat's tick", TICK_BAR, beat.tick)
    minutes = iter(range(TRIES))
    tell("beat's tick after an edit", TICK_BAR, beat.tick, partial(move, minutes))


def move(minutes: Iterator[int]) -> None:
    """Give one job the next minute."""
    control.set_cron(name(7), f"{next(minutes)} 3 * * *")


def opened(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content


def tell(
    what: str, bar: int, action: Callable[[], object], before: Callable[[], object] = int, tries: int = TRIES
) -> None:
    """Print the slowest try in milliseconds."""
    slowest = 0.0
    for _ in range(tries):
        before()
        began = perf_counter()
        action()
        slowest = max(slowest, perf_counter() - began)
    print(f"  {what:50} {slowest * 1000:7.0f} ms, bar {bar} ms")
