"""A market for the pages to show, and people to look at it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from market_data.datasets import DATASETS
from market_data.engine.ledger import clock
from market_data.models import (
    WHOLE,
    AdjFactor,
    BalanceSheet,
    CallTally,
    CashFlow,
    CircuitState,
    ConceptBoard,
    ConceptMember,
    CoverageCell,
    CoverageMark,
    DailyBar,
    DailyBasic,
    DragonTiger,
    FinaIndicator,
    GlobalBar,
    IncomeStatement,
    IndexBar,
    IndividualFundFlow,
    InterfaceDenial,
    LearntStart,
    LimitUp,
    MoneyFlow,
    MovedCode,
    NameChange,
    Partition,
    PriceLimit,
    RateLimitState,
    Revision,
    SectorFundFlow,
    Suspension,
    SyncFailureRecord,
    SyncRequest,
    SyncTask,
)
from tests.market_data.builders import add_calendar, add_securities
from tests.rest_clients import browser_of_staff

DAYS = 104
STOCK = "600000.SH"
SYMBOLS = [f"{600000 + n}.SH" for n in range(DAYS)]
FIRST_DAY = date(2024, 1, 1)


@pytest.fixture(autouse=True)
def web_settings(settings: Any, tmp_path: Path) -> None:
    """A folder of static files that exists, and passwords that need no time."""
    settings.STATIC_ROOT = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def staff(db: None) -> Callable[..., Client]:
    """Somebody of the staff with these permissions, logged in."""
    return browser_of_staff


@pytest.fixture
def days(db: None) -> list[date]:
    """The trading days, stored."""
    return add_calendar(FIRST_DAY, FIRST_DAY + timedelta(days=2 * DAYS))[:DAYS]


@pytest.fixture
def market(days: list[date]) -> None:
    """104 stocks on one day, and one of them on 104 days: more than a page each way."""
    add_securities(*SYMBOLS)
    cells = {(STOCK, day) for day in days} | {(symbol, days[0]) for symbol in SYMBOLS}
    DailyBar.objects.bulk_create([DailyBar(symbol=s, trade_date=d, close=12.25) for s, d in cells])
    AdjFactor.objects.bulk_create([AdjFactor(symbol=s, trade_date=d, adj_factor=1.5) for s, d in cells])
    DailyBasic.objects.bulk_create([DailyBasic(symbol=s, trade_date=d, pe=None) for s, d in cells])
    MoneyFlow.objects.bulk_create([MoneyFlow(symbol=s, trade_date=d, net_mf_vol=-100) for s, d in cells])
    PriceLimit.objects.bulk_create([PriceLimit(symbol=s, trade_date=d, up_limit=13.48) for s, d in cells])
    IndexBar.objects.bulk_create([IndexBar(symbol=s, trade_date=d, close=3000) for s, d in cells])
    seen = {"content": "x", "first_seen_at": clock.now()}
    NameChange.objects.bulk_create([NameChange(symbol=s, start_date=d, name=f"From {d}", **seen) for s, d in cells])
    IndividualFundFlow.objects.bulk_create([IndividualFundFlow(symbol=s, trade_date=d) for s, d in cells])
    LimitUp.objects.bulk_create([LimitUp(symbol=s, trade_date=d, close=13.48) for s, d in cells])
    DragonTiger.objects.bulk_create([DragonTiger(symbol=s, trade_date=d, reason="a") for s, d in cells])
    names = [f"Sector {number:03d}" for number in range(DAYS)]
    SectorFundFlow.objects.bulk_create([SectorFundFlow(trade_date=days[0], kind="concept", name=n) for n in names])
    MovedCode.objects.create(old_symbol="838163.BJ", new_symbol="920163.BJ")
    GlobalBar.objects.bulk_create([GlobalBar(symbol=s, trade_date=d, close=12.25, currency="CNY") for s, d in cells])
    # Three on a day, so that pages end within days, at each of the three.
    Suspension.objects.bulk_create(
        [
            Suspension(symbol=symbol, trade_date=day, suspend_type=kind, suspend_timing=timing)
            for symbol, day in cells
            for kind, timing in (("S", ""), ("S", "13:00"), ("R", "09:30"))
        ]
    )
    moment = clock.now()
    for report in (BalanceSheet, CashFlow, FinaIndicator, IncomeStatement):
        fields = {"end_date": days[0], "content": "a", "first_seen_at": moment}
        report._default_manager.bulk_create([report(symbol=symbol, **fields) for symbol in SYMBOLS])
    ConceptBoard.objects.bulk_create([ConceptBoard(source="ths", code=s, from_date=days[0]) for s in SYMBOLS])
    ConceptMember.objects.bulk_create(
        [ConceptMember(source="ths", board="885001.TI", symbol=s, from_date=days[0]) for s in SYMBOLS]
    )
    CoverageCell.objects.bulk_create(
        [
            CoverageCell(dataset=name, symbol=STOCK, trade_date=day, first_asked_at=moment, asked_at=moment)
            for name in ("daily", "adj_factor")
            for day in days
        ]
    )
    revised = [
        Revision(dataset="daily", symbol=STOCK, trade_date=d, before={"close": 1}, revised_at=moment) for d in days
    ]
    Revision.objects.bulk_create(revised)


@pytest.fixture
def ledger(days: list[date]) -> None:
    """Coverage, tasks, requests, failures and what is known of accounts: more than a page of each that grows."""
    moment = clock.now()
    Partition.objects.bulk_create(
        [Partition(dataset=name, trade_date=day, state="partial") for name in DATASETS for day in [*days, WHOLE]]
    )
    CoverageMark.objects.bulk_create([CoverageMark(dataset="daily", start_date=d, end_date=d) for d in days])
    for number in range(3):
        add_task(requests=DAYS, started_at=moment - timedelta(hours=number), dataset="daily")
    SyncFailureRecord.objects.bulk_create([failure(symbol) for symbol in SYMBOLS])
    RateLimitState.objects.create(account="tushare:abc", state={"calls": [1.5]})
    LearntStart.objects.create(dataset="moneyflow", first_day=FIRST_DAY, learnt_at=moment)
    CallTally.objects.create(provider="tushare", interface="daily", outcome="done", count=7)
    CircuitState.objects.create(host="push2.eastmoney.com", refusals=1, last_refusal="HTTP 403.")
    InterfaceDenial.objects.create(account="tushare:abc", api_name="suspend_d", message="no points", denied_at=moment)


def add_task(*, requests: int = 0, **fields: Any) -> SyncTask:
    """A task of 2,000 rows whose first request is done."""
    task = SyncTask.objects.create(
        **{"job_type": "DAILY_HISTORY", "status": "PAUSED", "current_offset": 1, "total_processed": 2000, **fields}
    )
    states = ["done"] + ["pending"] * (requests - 1)
    SyncRequest.objects.bulk_create([SyncRequest(task=task, shape="date", state=s) for s in states[:requests]])
    return task


def failure(symbol: str, **fields: Any) -> SyncFailureRecord:
    """An open failure of a day of daily bars, not stored yet."""
    given = {
        "job_type": "DAILY_HISTORY",
        "dataset": "daily",
        "third_code": symbol,
        "error_message": "The source sent a row with impossible values.",
        "evidence": {"close": -1},
        "start_date": FIRST_DAY,
        "end_date": FIRST_DAY,
        "retry_count": 3,
        "max_retries": 3,
        "last_attempt_at": clock.now(),
    }
    return SyncFailureRecord(**given | fields)


@contextmanager
def captured() -> Iterator[list[str]]:
    """The SQL of everything asked within."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield found
    found += [query["sql"] for query in queries.captured_queries]
