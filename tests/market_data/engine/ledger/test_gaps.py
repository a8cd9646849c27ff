"""What is not complete, of the whole market or of a few symbols."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from market_data.engine.ledger import cells, coverage
from market_data.engine.ledger.gaps import count_open, find_gaps
from market_data.models import WHOLE, CoverageCell, Partition
from tests.market_data.builders import (
    DAILY,
    FRIDAY,
    FRIDAY_EVENING,
    OLD_MONDAY,
    STOCK_BASIC,
    SUSPEND_D,
    A,
    B,
    add_calendar,
    add_securities,
    shanghai,
    store_cells,
    suspend,
)

pytestmark = pytest.mark.django_db
TUESDAY, WEDNESDAY = date(2024, 1, 9), date(2024, 1, 10)


@pytest.fixture(autouse=True)
def market() -> Iterator[time_machine.Traveller]:
    """Monday has both stocks, Tuesday one, Wednesday none."""
    with time_machine.travel(FRIDAY_EVENING, tick=False) as traveller:
        add_calendar(date(2024, 1, 1), date(2024, 4, 30))
        add_securities(A, B)
        store_cells(DAILY, [A, B], [OLD_MONDAY])
        store_cells(DAILY, [A], [TUESDAY])
        yield traveller


def settle(symbol: str, day: date) -> None:
    cells.note_missing(DAILY, [symbol], [day], FRIDAY_EVENING)
    coverage.mark(["daily"], day, day)


def test_reading_writes_nothing() -> None:
    with CaptureQueriesContext(connection) as queries:
        find_gaps(DAILY, OLD_MONDAY, WEDNESDAY)
        find_gaps(DAILY, OLD_MONDAY, WEDNESDAY, (A,))
        find_gaps(STOCK_BASIC, OLD_MONDAY, WEDNESDAY)
    assert {query["sql"].split()[0] for query in queries.captured_queries} == {"SELECT"}


def test_what_is_listed_is_no_more_than_was_asked_for() -> None:
    gaps = find_gaps(DAILY, OLD_MONDAY, FRIDAY, limit=3)
    assert sum(len(cell["symbols"]) for cell in gaps.cells) == 3


def test_days_are_counted_by_state_and_listed_newest_first() -> None:
    gaps = find_gaps(DAILY, OLD_MONDAY, WEDNESDAY).as_json()
    assert {state: gaps[state] for state in ("complete", "partial", "missing", "failed", "absent", "not_due")} == {
        "complete": 1,
        "partial": 1,
        "missing": 1,
        "failed": 0,
        "absent": 0,
        "not_due": 0,
    }
    assert gaps["cells"] == [
        {"trade_date": "20240110", "expected": 2, "got": 0, "state": "missing", "reason": "", "symbols": [A, B]},
        {"trade_date": "20240109", "expected": 2, "got": 1, "state": "partial", "reason": "", "symbols": [B]},
    ]


def test_all_days_are_counted_and_few_are_listed() -> None:
    gaps = find_gaps(DAILY, OLD_MONDAY, FRIDAY, limit=2)
    assert [cell["trade_date"] for cell in gaps.cells] == ["20240315", "20240314"]
    assert gaps.counts.total() == (FRIDAY - OLD_MONDAY).days // 7 * 5 + 5
    assert gaps.open == gaps.counts.total() - 1


def test_absent_days_are_listed_and_are_no_gap() -> None:
    settle(B, TUESDAY)
    gaps = find_gaps(DAILY, OLD_MONDAY, TUESDAY)
    assert (gaps.counts["absent"], gaps.open) == (1, 0)
    assert gaps.cells[0]["symbols"] == [B]


def test_days_that_are_not_due_are_counted_and_not_listed(market: time_machine.Traveller) -> None:
    market.move_to(shanghai("2024-03-15 12:00"))
    gaps = find_gaps(DAILY, FRIDAY, FRIDAY)
    assert (gaps.counts["not_due"], gaps.open, gaps.cells) == (1, 0, [])


def test_a_few_symbols_have_gaps_of_their_own() -> None:
    gaps = find_gaps(DAILY, OLD_MONDAY, WEDNESDAY, (A,))
    assert (gaps.counts["complete"], gaps.counts["missing"]) == (2, 1)
    assert gaps.cells == [
        {"trade_date": "20240110", "expected": 1, "got": 0, "state": "missing", "reason": "", "symbols": [A]}
    ]
    both = find_gaps(DAILY, OLD_MONDAY, WEDNESDAY, (A, B))
    assert (both.counts["complete"], both.counts["partial"], both.counts["missing"]) == (1, 1, 1)


def test_of_a_few_symbols_settled_cells_are_absent() -> None:
    settle(B, TUESDAY)
    gaps = find_gaps(DAILY, OLD_MONDAY, TUESDAY, (B,))
    assert (gaps.counts["complete"], gaps.counts["absent"], gaps.open) == (1, 1, 0)
    CoverageCell.objects.update(absent=False)
    assert find_gaps(DAILY, OLD_MONDAY, TUESDAY, (B,)).open == 1


def test_a_suspended_symbol_has_no_gap() -> None:
    suspend(B, TUESDAY)
    coverage.mark_expectations(TUESDAY, TUESDAY)
    assert find_gaps(DAILY, OLD_MONDAY, TUESDAY, (B,)).open == 0
    assert find_gaps(DAILY, OLD_MONDAY, TUESDAY).open == 0


def test_a_symbol_that_was_not_listed_yet_has_no_gap() -> None:
    add_securities("600009.SH", listed=FRIDAY)
    assert find_gaps(DAILY, OLD_MONDAY, WEDNESDAY, ("600009.SH",)).counts["complete"] == 3


def test_a_window_without_trading_days_has_no_gaps() -> None:
    for symbols in (None, (A,)):
        gaps = find_gaps(DAILY, date(2024, 1, 6), date(2024, 1, 7), symbols)
        assert (gaps.counts.total(), gaps.cells) == (0, [])


def test_events_have_days_and_no_symbols() -> None:
    gaps = find_gaps(SUSPEND_D, TUESDAY, WEDNESDAY, (A,))
    assert (gaps.counts["missing"], [cell["symbols"] for cell in gaps.cells]) == (2, [[], []])


def test_a_list_is_one_part_and_missing_until_it_came() -> None:
    gaps = find_gaps(STOCK_BASIC, OLD_MONDAY, FRIDAY)
    assert (gaps.counts["missing"], gaps.open) == (1, 1)
    assert [(cell["trade_date"], cell["state"]) for cell in gaps.cells] == [(None, "missing")]
    Partition.objects.create(dataset="stock_basic", trade_date=WHOLE, state=Partition.State.COMPLETE)
    assert find_gaps(STOCK_BASIC, OLD_MONDAY, FRIDAY).as_json()["complete"] == 1


def test_the_open_parts_can_be_counted_without_listing_them() -> None:
    coverage.ensure(DAILY, OLD_MONDAY, WEDNESDAY)
    coverage.refresh(DAILY)
    assert count_open(DAILY, OLD_MONDAY, WEDNESDAY, None) == 2
    assert count_open(DAILY, OLD_MONDAY, WEDNESDAY, (A,)) == 1
    assert count_open(DAILY, OLD_MONDAY + timedelta(days=1), TUESDAY, (A,)) == 0
    assert count_open(STOCK_BASIC, OLD_MONDAY, WEDNESDAY, (A,)) == 1
