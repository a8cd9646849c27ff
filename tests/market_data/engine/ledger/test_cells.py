"""Single cells: noted, settled, asked again, forgotten; and symbols that no list has."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from market_data.engine.ledger import cells
from market_data.models import CoverageCell, Security
from tests.market_data.builders import (
    DAILY,
    FRIDAY,
    FRIDAY_EVENING,
    OLD_MONDAY,
    A,
    B,
    C,
    add_calendar,
    add_securities,
    row_of,
    store_cells,
    table_of,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def market() -> Any:
    """Three stocks in the first months of 2024, looked at on a Friday in March."""
    with time_machine.travel(FRIDAY_EVENING, tick=False):
        add_calendar(date(2024, 1, 1), date(2024, 4, 30))
        add_securities(A, B, C)
        yield


def note(day: date, moment: datetime, *symbols: str) -> CoverageCell:
    cells.note_missing(DAILY, list(symbols or [A]), [day], moment)
    return CoverageCell.objects.get(symbol=A)


def test_an_old_cell_is_absent_after_one_clean_answer() -> None:
    cell = note(OLD_MONDAY, FRIDAY_EVENING)
    assert (cell.absent, cell.answers, cell.rechecks) == (True, 1, 0)
    assert cell.ask_after == FRIDAY_EVENING + timedelta(days=7)


def test_a_recent_cell_is_absent_after_two_answers_an_hour_apart() -> None:
    first = note(FRIDAY, FRIDAY_EVENING)
    assert (first.absent, first.answers, first.ask_after) == (False, 1, None)
    early = note(FRIDAY, FRIDAY_EVENING + HOUR - timedelta(seconds=1))
    assert (early.absent, early.answers) == (False, 1)
    second = note(FRIDAY, FRIDAY_EVENING + HOUR)
    assert (second.absent, second.answers) == (True, 2)
    assert second.ask_after == FRIDAY_EVENING + HOUR + timedelta(days=7)
    assert second.first_asked_at == FRIDAY_EVENING


def test_the_tenth_last_session_is_recent_and_the_one_before_is_not() -> None:
    assert note(date(2024, 3, 4), FRIDAY_EVENING).absent is False
    cells.note_missing(DAILY, [B], [date(2024, 3, 1)], FRIDAY_EVENING)
    assert CoverageCell.objects.get(symbol=B).absent is True


def test_a_cell_that_has_grown_old_needs_no_second_answer() -> None:
    note(FRIDAY, FRIDAY_EVENING)
    later = FRIDAY_EVENING + timedelta(days=20)
    with time_machine.travel(later, tick=False):
        assert note(FRIDAY, later).absent is True


def test_a_settled_cell_is_asked_again_after_7_30_and_90_days_and_then_never() -> None:
    moment, waits = FRIDAY_EVENING, []
    cell = note(OLD_MONDAY, moment)
    while cell.ask_after:
        waits.append((cell.ask_after - moment).days)
        moment = cell.ask_after
        cell = note(OLD_MONDAY, moment)
    assert waits == [7, 30, 90]
    assert (cell.absent, cell.rechecks) == (True, 3)


def test_an_answer_before_a_recheck_is_due_does_not_use_it_up() -> None:
    due = note(OLD_MONDAY, FRIDAY_EVENING).ask_after
    for minutes in (1, 2, 3):
        cell = note(OLD_MONDAY, FRIDAY_EVENING + timedelta(minutes=minutes))
    assert (cell.rechecks, cell.ask_after) == (0, due)


def test_only_cells_that_are_expected_and_not_stored_are_noted() -> None:
    store_cells(DAILY, [A], [OLD_MONDAY])
    sunday = date(2024, 1, 7)
    cells.note_missing(DAILY, [A, B, "999999.SH"], [sunday, OLD_MONDAY], FRIDAY_EVENING)
    assert list(CoverageCell.objects.values_list("symbol", "trade_date")) == [(B, OLD_MONDAY)]


def test_a_cell_whose_row_was_refused_is_not_noted() -> None:
    cells.note_missing(DAILY, [A, B], [OLD_MONDAY], FRIDAY_EVENING, except_for={(A, OLD_MONDAY)})
    assert CoverageCell.objects.get().symbol == B


def test_days_between_those_that_were_asked_for_are_not_noted() -> None:
    days = [OLD_MONDAY, OLD_MONDAY + timedelta(days=2)]
    cells.note_missing(DAILY, [A], days, FRIDAY_EVENING)
    assert list(CoverageCell.objects.order_by("trade_date").values_list("trade_date", flat=True)) == days


def test_a_cell_is_forgotten_when_its_row_comes() -> None:
    tuesday = OLD_MONDAY + timedelta(days=1)
    for day in (OLD_MONDAY, tuesday):
        cells.note_missing(DAILY, [A, B], [day], FRIDAY_EVENING)
    table = table_of(DAILY, [row_of(DAILY, A, OLD_MONDAY), row_of(DAILY, C, OLD_MONDAY)])
    cells.forget_stored(DAILY, table, OLD_MONDAY, OLD_MONDAY)
    assert sorted(CoverageCell.objects.values_list("symbol", "trade_date")) == [
        (A, tuesday),
        (B, OLD_MONDAY),
        (B, tuesday),
    ]


def test_the_cells_of_another_dataset_are_left_alone() -> None:
    note(OLD_MONDAY, FRIDAY_EVENING)
    CoverageCell.objects.update(dataset="adj_factor")
    cells.forget_stored(DAILY, table_of(DAILY, [row_of(DAILY, A, OLD_MONDAY)]), OLD_MONDAY, OLD_MONDAY)
    assert CoverageCell.objects.count() == 1


def test_settling_a_day_leaves_its_noted_cells_as_they_are() -> None:
    store_cells(DAILY, [C], [FRIDAY])
    note(FRIDAY, FRIDAY_EVENING)
    cells.settle_day(DAILY, FRIDAY, FRIDAY_EVENING)
    assert dict(CoverageCell.objects.values_list("symbol", "absent")) == {A: False, B: True}


def infer(*symbols: str, first: date, last: date) -> date | None:
    days = [first, last] if first != last else [first]
    store_cells(DAILY, symbols, days)
    return cells.infer_securities(DAILY, first, last)


def test_a_symbol_that_is_in_no_list_lives_from_its_first_bar() -> None:
    assert infer("830001.BJ", first=date(2024, 3, 4), last=FRIDAY) == date(2024, 3, 4)
    found = Security.objects.get(symbol="830001.BJ")
    assert (found.inferred, found.list_date, found.delist_date) == (True, date(2024, 3, 4), None)


def test_a_symbol_without_bars_for_twenty_sessions_is_gone() -> None:
    infer("830001.BJ", first=date(2024, 1, 2), last=date(2024, 1, 10))
    gone = Security.objects.get(symbol="830001.BJ").delist_date
    assert gone is not None
    assert date(2024, 2, 6) <= gone <= date(2024, 2, 9)


def test_bars_outside_an_inferred_life_widen_it() -> None:
    infer("830001.BJ", first=date(2024, 1, 10), last=date(2024, 1, 12))
    assert infer("830001.BJ", first=date(2024, 1, 3), last=date(2024, 1, 3)) == date(2024, 1, 3)
    found = Security.objects.get(symbol="830001.BJ")
    assert (found.list_date, found.delist_date is None) == (date(2024, 1, 3), False)
    infer("830001.BJ", first=FRIDAY, last=FRIDAY)
    found.refresh_from_db()
    assert (found.list_date, found.delist_date) == (date(2024, 1, 3), None)


def test_bars_within_a_known_life_change_nothing() -> None:
    infer("830001.BJ", first=date(2024, 3, 4), last=FRIDAY)
    assert infer("830001.BJ", first=date(2024, 3, 6), last=date(2024, 3, 6)) is None
    assert infer(A, first=date(2024, 3, 6), last=date(2024, 3, 6)) is None
    assert Security.objects.get(symbol=A).inferred is False


def test_an_inferred_stock_that_stops_trading_is_gone_after_twenty_sessions() -> None:
    infer("830001.BJ", "830002.BJ", first=date(2024, 1, 2), last=date(2024, 1, 5))
    Security.objects.filter(inferred=True).update(delist_date=None)
    infer("830002.BJ", first=date(2024, 3, 14), last=FRIDAY)
    assert Security.objects.get(symbol="830001.BJ").delist_date is not None
