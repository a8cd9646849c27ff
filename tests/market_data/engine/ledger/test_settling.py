"""What an answer settles, and when a day is asked again."""

from datetime import date, timedelta

import pytest
import time_machine

from market_data.engine.ledger import clock, coverage
from market_data.engine.running.store import Store
from market_data.engine.storing.checks import Refused
from market_data.models import (
    CoverageCell,
    Partition,
    Security,
)
from tests.market_data.builders import (
    ADJ_FACTOR,
    CUT,
    DAILY,
    FRIDAY,
    FRIDAY_EVENING,
    OLD_MONDAY,
    A,
    B,
    C,
    add_securities,
    answer,
    claimed_request,
    counted,
    fetched,
    partition,
    running_task,
    shanghai,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("market")]
State = Partition.State
NEXT_MONDAY = date(2024, 3, 18)


def test_what_the_source_does_not_have_makes_an_old_day_absent_after_one_answer() -> None:
    counted(DAILY, OLD_MONDAY)
    answer(DAILY, A)
    found = partition(DAILY, OLD_MONDAY)
    assert (found.state, found.expected, found.got, found.absent) == (State.ABSENT, 2, 1, 1)


def test_a_recent_day_is_absent_after_two_answers_an_hour_apart(market: time_machine.Traveller) -> None:
    counted(DAILY, FRIDAY)
    states = []
    for minutes in (0, 30, 60):
        market.move_to(FRIDAY_EVENING + timedelta(minutes=minutes))
        answer(DAILY, A, day=FRIDAY)
        states.append(partition(DAILY, FRIDAY).state)
    assert states == [State.PARTIAL, State.PARTIAL, State.ABSENT]


def test_a_row_that_comes_after_all_completes_an_absent_day() -> None:
    counted(DAILY, OLD_MONDAY)
    answer(DAILY, A)
    answer(DAILY, B, asked=(B,))
    found = partition(DAILY, OLD_MONDAY)
    assert (found.state, found.got, found.absent) == (State.COMPLETE, 2, 0)
    assert not CoverageCell.objects.exists()


def test_a_cut_answer_settles_nothing() -> None:
    counted(DAILY, OLD_MONDAY)
    task = running_task()
    request = claimed_request(task, start_date=OLD_MONDAY, end_date=OLD_MONDAY)
    Store(DAILY, task, "tushare", OLD_MONDAY, OLD_MONDAY).store(request, fetched(DAILY, A, judgement=CUT))
    coverage.refresh(DAILY)
    found = partition(DAILY, OLD_MONDAY)
    assert (found.state, found.answers) == (State.PARTIAL, 0)
    assert not CoverageCell.objects.exists()


def test_an_answer_for_some_symbols_says_nothing_about_the_others() -> None:
    counted(DAILY, OLD_MONDAY)
    answer(DAILY, A, asked=(A,))
    found = partition(DAILY, OLD_MONDAY)
    assert (found.state, found.answers) == (State.PARTIAL, 0)
    assert not CoverageCell.objects.exists()


def test_a_cell_whose_row_was_refused_is_not_absent() -> None:
    counted(DAILY, OLD_MONDAY)
    task = running_task()
    request = claimed_request(task, start_date=OLD_MONDAY, end_date=OLD_MONDAY)
    refused = [Refused("its values are impossible", B, OLD_MONDAY, {"close": "-1.0"})]
    answered = fetched(DAILY, A, refused=refused)
    Store(DAILY, task, "tushare", OLD_MONDAY, OLD_MONDAY).store(request, answered)
    coverage.refresh(DAILY)
    assert partition(DAILY, OLD_MONDAY).state == State.FAILED
    assert not CoverageCell.objects.exists()


def test_cells_that_came_to_be_expected_after_a_full_answer_are_settled() -> None:
    counted(DAILY, OLD_MONDAY)
    answer(DAILY, A, B)
    add_securities(C)
    coverage.mark_expectations(OLD_MONDAY, OLD_MONDAY)
    coverage.refresh(DAILY)
    assert partition(DAILY, OLD_MONDAY).state == State.ABSENT
    assert CoverageCell.objects.get().symbol == C


def test_a_complete_day_is_asked_again_after_the_next_session_and_then_rests(market: time_machine.Traveller) -> None:
    counted(DAILY, FRIDAY)
    answer(DAILY, A, B, day=FRIDAY)
    assert partition(DAILY, FRIDAY).ask_after == shanghai("2024-03-18 17:00")
    market.move_to(shanghai("2024-03-18 18:00"))
    answer(DAILY, A, B, day=FRIDAY)
    assert partition(DAILY, FRIDAY).ask_after is None


def test_an_early_second_answer_leaves_the_later_one_due(market: time_machine.Traveller) -> None:
    counted(DAILY, FRIDAY)
    answer(DAILY, A, B, day=FRIDAY)
    market.move_to(shanghai("2024-03-16 10:00"))
    answer(DAILY, A, B, day=FRIDAY)
    assert partition(DAILY, FRIDAY).ask_after == shanghai("2024-03-18 17:00")


def test_a_list_of_all_symbols_counts_as_asking_again(market: time_machine.Traveller) -> None:
    counted(DAILY, FRIDAY)
    answer(DAILY, A, B, day=FRIDAY)
    market.move_to(shanghai("2024-03-18 18:00"))
    answer(DAILY, A, B, day=FRIDAY, asked=(A, B))
    coverage.asked_again(DAILY, FRIDAY, FRIDAY, clock.now())
    coverage.mark(["daily"], FRIDAY, FRIDAY)
    counted(DAILY, FRIDAY)
    assert partition(DAILY, FRIDAY).ask_after is None


def test_asking_again_for_one_symbol_leaves_the_others_due(market: time_machine.Traveller) -> None:
    counted(DAILY, FRIDAY)
    answer(DAILY, A, B, day=FRIDAY)
    market.move_to(shanghai("2024-03-18 18:00"))
    answer(DAILY, A, day=FRIDAY, asked=(A,))
    assert partition(DAILY, FRIDAY).ask_after == shanghai("2024-03-18 17:00")


def test_a_day_with_an_absent_cell_is_asked_again_like_a_complete_one(market: time_machine.Traveller) -> None:
    counted(ADJ_FACTOR, FRIDAY)
    for minutes in (0, 60):
        market.move_to(FRIDAY_EVENING + timedelta(minutes=minutes))
        answer(ADJ_FACTOR, A, day=FRIDAY)
    found = partition(ADJ_FACTOR, FRIDAY)
    assert found.state == State.ABSENT
    assert found.ask_after == shanghai("2024-03-18 09:30")


def test_old_history_is_not_asked_again() -> None:
    counted(DAILY, OLD_MONDAY)
    answer(DAILY, A, B)
    assert partition(DAILY, OLD_MONDAY).ask_after is None


def test_a_symbol_that_no_list_has_is_expected_from_its_first_row_on() -> None:
    counted(DAILY, FRIDAY)
    answer(DAILY, A, B, C, day=FRIDAY)
    found = partition(DAILY, FRIDAY)
    assert (found.state, found.expected, found.got) == (State.COMPLETE, 3, 3)
    assert Security.objects.get(symbol=C).inferred is True


def test_without_any_list_a_day_is_complete_only_when_it_was_answered() -> None:
    Security.objects.all().delete()
    assert counted(DAILY, OLD_MONDAY).state == State.MISSING
    answer(DAILY, A, B)
    found = partition(DAILY, OLD_MONDAY)
    assert (found.state, found.expected, found.got) == (State.COMPLETE, 2, 2)


def test_without_any_list_a_day_of_one_symbol_is_not_settled() -> None:
    Security.objects.all().delete()
    counted(DAILY, OLD_MONDAY)
    answer(DAILY, A, asked=(A,))
    assert partition(DAILY, OLD_MONDAY).state == State.PARTIAL


def test_without_any_list_a_recent_day_is_not_complete_because_nothing_came_yet() -> None:
    Security.objects.all().delete()
    counted(DAILY, FRIDAY)
    answer(DAILY, day=FRIDAY)
    assert partition(DAILY, FRIDAY).state != State.COMPLETE
