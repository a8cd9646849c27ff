"""Small pieces of a market for tests of single parts: calendars, securities, answers, requests."""

import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from django.db import transaction

from market_data.datasets import DATASETS, EXCHANGE, Dataset
from market_data.engine.ledger import clock, coverage
from market_data.engine.running import tasks
from market_data.engine.running.fetching import Fetched
from market_data.engine.running.store import Store
from market_data.engine.storing.checks import Window, check
from market_data.engine.storing.judging import BELIEVED, Judgement, Verdict
from market_data.engine.storing.writer import Counts, upsert
from market_data.models import Partition, Security, Suspension, SyncRequest, SyncTask, TradingDay
from market_data.providers.base import Answer
from tests.market_data.worlds import weekdays

DAILY, ADJ_FACTOR, SUSPEND_D = DATASETS["daily"], DATASETS["adj_factor"], DATASETS["suspend_d"]
TRADE_CAL, STOCK_BASIC, DAILY_BASIC = DATASETS["trade_cal"], DATASETS["stock_basic"], DATASETS["daily_basic"]
CUT = Judgement(Verdict.ASK_DIFFERENTLY, "cut", 1)
A, B, C = "600001.SH", "600002.SH", "000003.SZ"
SHANGHAI = ZoneInfo("Asia/Shanghai")
OLD_MONDAY = date(2024, 1, 8)
FRIDAY_EVENING = datetime(2024, 3, 15, 20, 0, tzinfo=SHANGHAI)
FRIDAY = FRIDAY_EVENING.date()


def shanghai(text: str) -> datetime:
    """A moment written as on a wall clock in Shanghai, such as 2024-03-15 17:00."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def add_calendar(first: date, last: date, *, closed: Iterable[date] = ()) -> list[date]:
    """Store the calendar; weekdays are open unless they are named. Returns the open days."""
    open_days = [day for day in weekdays(first, last) if day not in set(closed)]
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    TradingDay.objects.bulk_create(
        [TradingDay(exchange=EXCHANGE, trade_date=day, is_open=day in open_days) for day in every]
    )
    return open_days


def add_securities(*symbols: str, listed: date = date(2020, 1, 1), gone: date | None = None) -> None:
    Security.objects.bulk_create(
        [Security(symbol=symbol, list_status="L", list_date=listed, delist_date=gone) for symbol in symbols]
    )


def suspend(symbol: str, day: date, timing: str = "") -> None:
    Suspension.objects.create(symbol=symbol, trade_date=day, suspend_type="S", suspend_timing=timing)


def row_of(dataset: Dataset, symbol: str, day: date, **changes: Any) -> dict[str, Any]:
    """A plausible row in the provider's words; `changes` by the provider's names."""
    numbers = {field.source: 10.0 for field in dataset.fields if field.kind == "number"}
    row = {"ts_code": symbol, "trade_date": f"{day:%Y%m%d}", **numbers}
    if dataset is DAILY:
        row |= {"open": 10.0, "high": 11.0, "low": 9.0, "close": 10.5, "pre_close": 10.0, "change": 0.5, "vol": 1000.17}
    if dataset is SUSPEND_D:
        row |= {"suspend_type": "S", "suspend_timing": None}
    return row | changes


def answer_of(dataset: Dataset, rows: Iterable[Mapping[str, Any]], *, has_more: bool = False) -> Answer:
    """Rows as the provider's columns; what a row does not name is null."""
    rows = list(rows)
    columns = {field.source: [row.get(field.source) for row in rows] for field in dataset.fields}
    return Answer(columns, len(rows), has_more)


def table_of(dataset: Dataset, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    return check(dataset, answer_of(dataset, rows), Window()).table


def store_rows(dataset: Dataset, rows: Iterable[Mapping[str, Any]]) -> Counts:
    """Write rows in the provider's words, past every check of requests."""
    with transaction.atomic():
        return upsert(dataset, table_of(dataset, rows), clock.now())


def store_cells(dataset: Dataset, symbols: Iterable[str], days: Iterable[date], **changes: Any) -> None:
    days = list(days)
    store_rows(dataset, [row_of(dataset, symbol, day, **changes) for symbol in symbols for day in days])


def running_task(dataset: Dataset = DAILY, **config: Any) -> SyncTask:
    return tasks.start(dataset.job_type, dataset.name, config, 50)


def claimed_request(task: SyncTask, owner: str = "me", **fields: Any) -> SyncRequest:
    """A request of the task that `owner` has claimed."""
    SyncRequest.objects.create(task=task, **{"shape": "date", **fields})
    return tasks.claim(task, owner, 1)[0]


def partition(dataset: Dataset, day: date) -> Partition:
    return Partition.objects.get(dataset=dataset.name, trade_date=day)


def counted(dataset: Dataset, day: date) -> Partition:
    """The day's partition, made where it is not there, after the ledger was brought up to date."""
    coverage.ensure(dataset, day, day)
    coverage.refresh(dataset)
    return partition(dataset, day)


def fetched(
    dataset: Dataset, *symbols: str, day: date = OLD_MONDAY, judgement: Judgement = BELIEVED, **fields: Any
) -> Fetched:
    """A judged answer with a plausible row of each symbol; `fields` are Fetched's."""
    table = table_of(dataset, [row_of(dataset, symbol, day) for symbol in symbols])
    return Fetched(**{"table": table, "refused": [], "judgement": judgement, "made_up": False, **fields})


def answer(dataset: Dataset, *symbols: str, day: date = OLD_MONDAY, asked: tuple[str, ...] = ()) -> None:
    """Store an answer for a day: of the whole market, or of the symbols that were asked for."""
    task = running_task(dataset)
    shape = "symbols" if asked else "date"
    request = claimed_request(task, shape=shape, symbols=list(asked), start_date=day, end_date=day)
    Store(dataset, task, "tushare", day, day).store(request, fetched(dataset, *symbols, day=day))
    tasks.finish(task, "COMPLETED")
    coverage.refresh(dataset)


def put(task: SyncTask, **fields: Any) -> None:
    """Change a stored task behind the back of its owner."""
    SyncTask.objects.filter(id=task.id).update(**fields)


def pass_to_another_host(task: SyncTask, *, lease: timedelta) -> None:
    put(task, host="elsewhere", lease_until=clock.now() + lease)


def pid_that_ended() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid
