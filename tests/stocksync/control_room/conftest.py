"""A market of a week, jobs that can be asked for, and people to look at them."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from market_data.datasets import DATASETS
from market_data.engine.ledger import clock
from market_data.models import Partition
from market_data.queries.freshness import known_sessions
from tests.market_data.builders import add_calendar, add_securities
from tests.rest_clients import browser_of_staff
from tests.scheduling.conftest import broker_in_memory

__all__ = ["broker_in_memory"]
Person = Callable[..., Client]


@pytest.fixture(autouse=True)
def web_settings(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = settings.VAR_DIR = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def person(db: None) -> Person:
    """Somebody of the staff with these permissions, such as scheduling.add_execution, logged in."""
    return browser_of_staff


@pytest.fixture
def sessions(db: None) -> list[date]:
    """The trading days of a quarter up to today, with daily bars complete on each that is due."""
    today = clock.today()
    add_calendar(today - timedelta(days=100), today + timedelta(days=30))
    add_securities("600000.SH", "600001.SH")
    due = clock.last_due_day(DATASETS["daily"], clock.now())
    days = [day for day in known_sessions(clock.now()) if day <= due]
    Partition.objects.bulk_create(
        [Partition(dataset="daily", trade_date=day, state="complete", expected=2, got=2) for day in days]
    )
    return days
