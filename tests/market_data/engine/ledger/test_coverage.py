"""The ledger: what is expected, what is there, and the state that follows."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from market_data.engine.ledger import clock, coverage
from market_data.engine.planner.planning import Wanted
from market_data.engine.running import whole
from market_data.engine.running.asking import Asking
from market_data.engine.running.fetching import Fetching
from market_data.engine.running.lessons import Lessons
from market_data.engine.running.runner import Runner
from market_data.engine.running.store import Store
from market_data.models import (
    WHOLE,
    CoverageMark,
    Partition,
    Security,
    Suspension,
    SyncFailureRecord,
    TradingDay,
)
from tests.market_data.builders import (
    ADJ_FACTOR,
    CUT,
    DAILY,
    FRIDAY,
    FRIDAY_EVENING,
    OLD_MONDAY,
    STOCK_BASIC,
    SUSPEND_D,
    A,
    B,
    C,
    add_calendar,
    answer,
    claimed_request,
    counted,
    fetched,
    partition,
    running_task,
    shanghai,
    store_cells,
    store_rows,
    suspend,
    table_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("market")]
State = Partition.State
NEXT_MONDAY = date(2024, 3, 18)


def test_only_trading_days_that_have_come_have_a_partition() -> None:
    coverage.ensure(DAILY, date(2024, 3, 14), date(2024, 4, 30))
    coverage.ensure(DAILY, date(2024, 3, 14), date(2024, 4, 30))
    days = Partition.objects.order_by("trade_date").values_list("trade_date", flat=True)
    assert list(days) == [date(2024, 3, 14), FRIDAY]


def test_a_day_is_missing_partial_and_complete_as_its_rows_come() -> None:
    states = [counted(DAILY, OLD_MONDAY)]
    for symbol in (A, B):
        store_cells(DAILY, [symbol], [OLD_MONDAY])
        coverage.mark(["daily"], OLD_MONDAY, OLD_MONDAY)
        states.append(counted(DAILY, OLD_MONDAY))
    assert [(p.state, p.expected, p.got) for p in states] == [
        (State.MISSING, 2, 0),
        (State.PARTIAL, 2, 1),
        (State.COMPLETE, 2, 2),
    ]


def test_a_day_is_not_due_until_the_source_can_have_it(market: time_machine.Traveller) -> None:
    market.move_to(shanghai("2024-03-15 16:59"))
    assert counted(DAILY, FRIDAY).state == State.NOT_DUE
    assert counted(ADJ_FACTOR, FRIDAY).state == State.MISSING
    market.move_to(shanghai("2024-03-15 17:00"))
    coverage.refresh(DAILY)
    assert partition(DAILY, FRIDAY).state == State.MISSING


def test_a_suspended_stock_is_not_expected_and_its_row_does_not_stand_for_another() -> None:
    suspend(A, OLD_MONDAY)
    store_cells(DAILY, [A], [OLD_MONDAY])
    found = counted(DAILY, OLD_MONDAY)
    assert (found.state, found.expected, found.got) == (State.MISSING, 1, 0)


def test_a_row_of_a_stranger_does_not_count() -> None:
    store_cells(DAILY, [A, C], [OLD_MONDAY])
    found = counted(DAILY, OLD_MONDAY)
    assert (found.state, found.expected, found.got) == (State.PARTIAL, 2, 1)


def test_a_day_on_which_nobody_was_expected_is_complete() -> None:
    Security.objects.update(list_date=date(2024, 2, 1))
    assert counted(DAILY, OLD_MONDAY).state == State.COMPLETE


def test_an_open_failure_shows_until_the_day_is_complete() -> None:
    failure = SyncFailureRecord.objects.create(
        job_type="DAILY_HISTORY",
        dataset="daily",
        third_code=A,
        start_date=OLD_MONDAY,
        end_date=OLD_MONDAY,
        max_retries=3,
        last_attempt_at=clock.now(),
    )
    store_cells(DAILY, [B], [OLD_MONDAY])
    assert counted(DAILY, OLD_MONDAY).state == State.FAILED
    failure.resolved_at = clock.now()
    failure.save(update_fields=["resolved_at"])
    coverage.mark(["daily"], OLD_MONDAY, OLD_MONDAY)
    assert counted(DAILY, OLD_MONDAY).state == State.PARTIAL
    store_cells(DAILY, [A], [OLD_MONDAY])
    SyncFailureRecord.objects.update(resolved_at=None)
    coverage.mark(["daily"], OLD_MONDAY, OLD_MONDAY)
    assert counted(DAILY, OLD_MONDAY).state == State.COMPLETE


def test_marks_are_folded_once_and_then_nothing_is_counted() -> None:
    counted(DAILY, OLD_MONDAY)
    for _ in range(3):
        coverage.mark(["daily"], OLD_MONDAY, FRIDAY)
    coverage.refresh(DAILY)
    assert not CoverageMark.objects.exists()
    with CaptureQueriesContext(connection) as queries:
        coverage.refresh(DAILY)
    assert not [query for query in queries if "UPDATE" in query["sql"] or "stock_basic" in query["sql"]]


def test_the_marks_of_one_dataset_wait_while_another_is_counted() -> None:
    coverage.mark(["daily", "adj_factor"], OLD_MONDAY, OLD_MONDAY)
    coverage.refresh(DAILY)
    assert list(CoverageMark.objects.values_list("dataset", flat=True)) == ["adj_factor"]


def test_only_marked_days_are_counted() -> None:
    tuesday = OLD_MONDAY + timedelta(days=1)
    coverage.ensure(DAILY, OLD_MONDAY, tuesday)
    coverage.refresh(DAILY)
    store_cells(DAILY, [A, B], [OLD_MONDAY, tuesday])
    coverage.mark(["daily"], tuesday, tuesday)
    coverage.refresh(DAILY)
    assert [partition(DAILY, day).state for day in (OLD_MONDAY, tuesday)] == [State.MISSING, State.COMPLETE]


def test_rows_are_counted_again_over_more_days_than_a_transaction_takes() -> None:
    first = date(2024, 1, 1) - timedelta(days=300)
    days = add_calendar(first, date(2023, 12, 31))
    store_cells(DAILY, [A, B], days)
    coverage.ensure(DAILY, first, date(2023, 12, 31))
    coverage.refresh(DAILY)
    states = Partition.objects.values_list("state", flat=True)
    assert (len(states), set(states)) == (len(days), {State.COMPLETE})
    assert len(days) > 2 * coverage.DAYS_A_TRANSACTION


def test_a_new_listing_opens_the_days_since_then() -> None:
    store_cells(DAILY, [A, B], [OLD_MONDAY, FRIDAY])
    for day in (OLD_MONDAY, FRIDAY):
        assert counted(DAILY, day).state == State.COMPLETE
    task = running_task(STOCK_BASIC)
    request = claimed_request(task, shape="whole")
    table = table_of(STOCK_BASIC, [{"ts_code": C, "list_date": "20240301"}])
    Store(STOCK_BASIC, task, "tushare", WHOLE, WHOLE).store(request, fetched(STOCK_BASIC, table=table))
    coverage.refresh(DAILY)
    assert [partition(DAILY, day).state for day in (OLD_MONDAY, FRIDAY)] == [State.COMPLETE, State.PARTIAL]


def test_the_same_list_again_has_nothing_counted_again() -> None:
    row = {"ts_code": A, "list_date": "20200101", "list_status": "L"}
    store_rows(STOCK_BASIC, [row])
    task = running_task(STOCK_BASIC)
    request = claimed_request(task, shape="whole")
    table = table_of(STOCK_BASIC, [row])
    Store(STOCK_BASIC, task, "tushare", WHOLE, WHOLE).store(request, fetched(STOCK_BASIC, table=table))
    assert not CoverageMark.objects.exists()


def test_a_suspension_that_becomes_known_completes_its_day() -> None:
    store_cells(DAILY, [A], [OLD_MONDAY])
    assert counted(DAILY, OLD_MONDAY).state == State.PARTIAL
    answer(SUSPEND_D, B)
    coverage.refresh(DAILY)
    found = partition(DAILY, OLD_MONDAY)
    assert (found.state, found.expected) == (State.COMPLETE, 1)


def test_a_day_that_turns_out_to_be_a_holiday_has_no_partition() -> None:
    counted(DAILY, OLD_MONDAY)
    TradingDay.objects.filter(trade_date=OLD_MONDAY).update(is_open=False)
    coverage.mark_expectations(OLD_MONDAY, OLD_MONDAY)
    coverage.refresh(DAILY)
    assert not Partition.objects.filter(trade_date=OLD_MONDAY).exists()


def test_events_are_complete_when_the_source_has_answered_even_with_nothing() -> None:
    assert counted(SUSPEND_D, OLD_MONDAY).state == State.MISSING
    answer(SUSPEND_D)
    assert partition(SUSPEND_D, OLD_MONDAY).state == State.COMPLETE


def test_events_that_are_there_without_an_answer_are_partial() -> None:
    Suspension.objects.create(symbol=A, trade_date=OLD_MONDAY, suspend_type="S", suspend_timing="")
    found = counted(SUSPEND_D, OLD_MONDAY)
    assert (found.state, found.got) == (State.PARTIAL, 1)


def test_a_list_that_was_cut_at_the_cap_is_not_complete() -> None:
    task = running_task(STOCK_BASIC)
    request = claimed_request(task, shape="whole", params={"list_status": "L"})
    runner = Runner(STOCK_BASIC, task, None, Wanted(WHOLE, WHOLE))  # type: ignore[arg-type]
    runner._store_of_run = Store(STOCK_BASIC, task, "tushare", WHOLE, WHOLE)
    run = Fetching(None, STOCK_BASIC)  # type: ignore[arg-type]
    runner._lessons = Lessons(run, Asking(STOCK_BASIC, OLD_MONDAY, FRIDAY), task, "", 6000)
    table = table_of(STOCK_BASIC, [{"ts_code": A, "list_date": "20200101"}])
    runner._store(request, fetched(STOCK_BASIC, table=table, judgement=CUT))
    runner._close_books()
    assert not Partition.objects.filter(dataset="stock_basic", state=State.COMPLETE).exists()


def test_a_list_is_complete_and_fresh_for_as_long_as_it_says() -> None:
    task = running_task(STOCK_BASIC)
    whole.complete(STOCK_BASIC, task)
    found = partition(STOCK_BASIC, WHOLE)
    assert (found.state, found.expected, found.got) == (State.COMPLETE, 2, 2)
    assert found.ask_after == FRIDAY_EVENING + timedelta(hours=12)


def test_a_list_with_calls_to_come_is_not_complete() -> None:
    task = running_task(STOCK_BASIC)
    claimed_request(task, shape="whole")
    whole.complete(STOCK_BASIC, task)
    assert not Partition.objects.filter(state=State.COMPLETE).exists()


def test_a_rebuilt_ledger_is_what_the_rows_say() -> None:
    coverage.ensure(DAILY, OLD_MONDAY, FRIDAY)
    store_cells(DAILY, [A, B], [OLD_MONDAY, FRIDAY])
    coverage.refresh(DAILY)
    right = list(Partition.objects.order_by("trade_date").values_list("trade_date", "state", "expected", "got"))
    Partition.objects.update(state=State.FAILED, expected=9, got=7)
    coverage.rebuild(DAILY)
    again = list(Partition.objects.order_by("trade_date").values_list("trade_date", "state", "expected", "got"))
    assert again == right


def test_spans_that_lie_within_a_week_are_one() -> None:
    day = date(2024, 1, 1)

    def after(days: int) -> date:
        return day + timedelta(days=days)

    spans = [
        (after(20), after(21)),
        (day, after(1)),
        (after(8), after(9)),
        (after(5), after(6)),
        (after(17), after(30)),
    ]
    assert coverage.merged(spans) == [(day, after(9)), (after(17), after(30))]
    assert coverage.merged([]) == []
