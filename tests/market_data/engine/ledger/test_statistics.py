"""PostgreSQL's figures of tables that have grown."""

from datetime import date, timedelta

import pytest
from django.db import connection

from market_data.engine.ledger import statistics
from tests.market_data.builders import DAILY, SUSPEND_D, A, row_of, store_rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def new_tables() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite plans without figures")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE daily, suspend_d")  # earlier tests leave room in them


def known(table: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        return float(cursor.fetchone()[0])


def store_bars(first: date, count: int) -> None:
    store_rows(DAILY, [row_of(DAILY, A, first + timedelta(days=n)) for n in range(count)])


def test_a_table_is_looked_at_once_it_is_twice_as_large() -> None:
    store_bars(date(2020, 1, 1), 300)
    statistics.freshen(DAILY)
    assert known("daily") == 300
    store_bars(date(2021, 1, 1), 100)
    statistics.freshen(DAILY)
    assert known("daily") == 300
    store_bars(date(2022, 1, 1), 300)
    statistics.freshen(DAILY)
    assert known("daily") == 700


def test_the_lists_that_a_count_reads_are_looked_at_too() -> None:
    store_rows(SUSPEND_D, [{"ts_code": A, "trade_date": "20240108", "suspend_timing": None, "suspend_type": "S"}])
    statistics.freshen(DAILY)
    assert known("suspend_d") == 1
