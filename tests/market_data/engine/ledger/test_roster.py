"""Who should have a row, in arrays: the same as the database says."""

import random
from datetime import date, timedelta

import numpy as np
import pytest

from market_data.engine.ledger.expectations import count_expected, count_listed, missing_cells
from market_data.engine.ledger.roster import Missing, Roster
from market_data.models import Security, Suspension
from tests.market_data.builders import (
    DAILY,
    OLD_MONDAY,
    A,
    B,
    C,
    add_calendar,
    add_securities,
    row_of,
    store_cells,
    suspend,
    table_of,
)

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2024, 1, 1), date(2024, 2, 29)
SATURDAY, NEXT_MONDAY = date(2024, 1, 13), date(2024, 1, 15)
NOTHING = table_of(DAILY, [])


def random_market(seed: int) -> list[date]:
    """Stocks that come, go and are suspended, on days of which some are holidays. Returns the open days."""
    chance = random.Random(seed)
    span = (LAST - FIRST).days
    holidays = [FIRST + timedelta(days=chance.randrange(span)) for _ in range(5)]
    days = add_calendar(FIRST, LAST, closed=holidays)
    for n in range(25):
        listed = FIRST + timedelta(days=chance.randrange(-20, span))
        gone = listed + timedelta(days=chance.randrange(60)) if chance.random() < 0.4 else None
        add_securities(f"{600000 + n}.SH", listed=listed, gone=gone)
    pairs = {(f"{600000 + chance.randrange(30)}.SH", chance.choice(days)) for _ in range(60)}
    for symbol, day in sorted(pairs):
        suspend(symbol, day, chance.choice(["", "", "09:30-10:00"]))
    return days


def cells_of(roster: Roster) -> set[tuple[str, date]]:
    rows, columns = np.nonzero(roster.matrix())
    return {(roster.symbols[row], roster.days[column]) for row, column in zip(rows, columns, strict=True)}


@pytest.mark.parametrize("seed", range(5))
def test_the_arrays_expect_what_the_database_expects(seed: int) -> None:
    days = random_market(seed)
    roster = Roster(DAILY, FIRST, LAST)
    assert roster.days == days
    expected = set(missing_cells(DAILY, FIRST, LAST))
    assert cells_of(roster) == expected
    by_day = count_expected(DAILY, roster.symbols, FIRST, LAST)
    assert [by_day.get(day, 0) for day in days] == roster.matrix().sum(axis=0).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_what_an_answer_lacks_is_what_the_database_lacks(seed: int) -> None:
    days = random_market(seed)
    roster = Roster(DAILY, FIRST, LAST)
    chance = random.Random(seed)
    start, end = days[5], days[25]
    rows = [row_of(DAILY, symbol, day) for symbol, day in sorted(cells_of(roster)) if start <= day <= end]
    chance.shuffle(rows)
    table = table_of(DAILY, [*rows[: len(rows) // 2], row_of(DAILY, "999999.SH", start)])
    stored = set(zip(table["symbol"].to_pylist(), table["trade_date"].to_pylist(), strict=True))
    expected = {cell for cell in missing_cells(DAILY, start, end) if cell not in stored}
    found = roster.missing_from(table, start, end, None)
    symbols, when = found.symbols, found.days
    assert symbols == sorted({symbol for symbol, _ in expected})
    assert when == sorted({day for _, day in expected})


def test_the_day_of_listing_is_expected_and_the_day_of_delisting_is_not() -> None:
    add_calendar(date(2024, 1, 8), date(2024, 1, 12))
    add_securities(A, listed=date(2024, 1, 9), gone=date(2024, 1, 11))
    roster = Roster(DAILY, FIRST, LAST)
    assert roster.matrix().tolist() == [[False, True, True, False, False]]
    assert count_listed(DAILY, roster.days).tolist() == [0, 1, 1, 0, 0]


def test_a_stock_that_was_delisted_before_it_was_listed_is_never_expected() -> None:
    add_calendar(date(2024, 1, 8), date(2024, 1, 12))
    add_securities(A, listed=date(2024, 1, 11), gone=date(2024, 1, 9))
    roster = Roster(DAILY, FIRST, LAST)
    assert not roster.matrix().any()
    assert count_listed(DAILY, roster.days).tolist() == [0, 0, 0, 0, 0]
    assert roster.missing_from(NOTHING, FIRST, LAST, None) == Missing([], [], 0, 0)


def test_a_halt_within_the_day_is_no_suspension() -> None:
    add_calendar(OLD_MONDAY, OLD_MONDAY)
    add_securities(A, B)
    suspend(A, OLD_MONDAY)
    suspend(B, OLD_MONDAY, "09:30-10:00")
    Suspension.objects.create(symbol=B, trade_date=OLD_MONDAY, suspend_type="R", suspend_timing="")
    roster = Roster(DAILY, FIRST, LAST)
    assert roster.matrix().tolist() == [[False], [True]]
    assert roster.missing_from(NOTHING, FIRST, LAST, None) == Missing([B], [OLD_MONDAY], 1, 1)


def test_a_suspension_of_a_closed_day_says_nothing_about_the_next() -> None:
    add_calendar(OLD_MONDAY, date(2024, 1, 19))
    add_securities(A)
    suspend(A, SATURDAY)
    roster = Roster(DAILY, FIRST, LAST)
    assert (A, NEXT_MONDAY) in missing_cells(DAILY, FIRST, LAST)
    assert (A, NEXT_MONDAY) in cells_of(roster)


def test_only_the_symbols_that_were_asked_for_can_be_missing() -> None:
    add_calendar(OLD_MONDAY, OLD_MONDAY)
    add_securities(A, B, C)
    roster = Roster(DAILY, FIRST, LAST)
    table = table_of(DAILY, [row_of(DAILY, A, OLD_MONDAY)])
    assert roster.missing_from(table, FIRST, LAST, [A, B, "999999.SH"]) == Missing([B], [OLD_MONDAY], 1, 2)
    assert roster.missing_from(table, FIRST, LAST, [A]) == Missing([], [], 0, 1)


def test_a_security_without_a_list_date_is_not_expected() -> None:
    add_calendar(OLD_MONDAY, OLD_MONDAY)
    Security.objects.create(symbol=A)
    assert Roster(DAILY, FIRST, LAST).symbols == []
    assert missing_cells(DAILY, FIRST, LAST) == []


def test_inferred_symbols_are_in_no_list() -> None:
    add_securities(A)
    Security.objects.create(symbol=B, inferred=True, list_date=OLD_MONDAY)
    roster = Roster(DAILY, FIRST, LAST)
    assert roster.named == {A}
    assert roster.symbols == [B, A] if B < A else [A, B]


def test_stored_rows_are_not_missing() -> None:
    add_calendar(OLD_MONDAY, OLD_MONDAY)
    add_securities(A, B)
    store_cells(DAILY, [A], [OLD_MONDAY])
    assert missing_cells(DAILY, FIRST, LAST) == [(B, OLD_MONDAY)]
    assert missing_cells(DAILY, FIRST, LAST, [A]) == []
