"""When data is due, which days are recent, and when something is asked again."""

from datetime import date, timedelta

import pytest
import time_machine

from market_data.engine.ledger import clock
from tests.market_data.builders import ADJ_FACTOR, DAILY, FRIDAY, FRIDAY_EVENING, add_calendar, shanghai
from tests.market_data.worlds import weekdays

SESSIONS = weekdays(date(2024, 3, 1), date(2024, 3, 29))
THURSDAY, MONDAY, TUESDAY = date(2024, 3, 14), date(2024, 3, 18), date(2024, 3, 19)


def test_today_is_the_day_in_shanghai() -> None:
    with time_machine.travel(shanghai("2024-03-15 00:30"), tick=False):
        assert clock.now().date() == THURSDAY
        assert clock.today() == FRIDAY


@pytest.mark.parametrize(
    ("moment", "last"),
    [
        ("2024-03-15 16:59:59", THURSDAY),
        ("2024-03-15 17:00:00", FRIDAY),
        ("2024-03-16 00:30:00", FRIDAY),
        ("2024-03-16 17:00:00", date(2024, 3, 16)),
    ],
)
def test_a_day_is_due_from_the_time_at_which_the_source_can_have_it(moment: str, last: date) -> None:
    assert clock.last_due_day(DAILY, shanghai(moment)) == last


def test_factors_are_due_before_the_market_opens_their_day() -> None:
    assert clock.last_due_day(ADJ_FACTOR, shanghai("2024-03-15 09:29")) == THURSDAY
    assert clock.last_due_day(ADJ_FACTOR, shanghai("2024-03-15 09:30")) == FRIDAY


@pytest.mark.django_db
def test_recent_are_the_last_ten_sessions_today_included() -> None:
    add_calendar(date(2024, 2, 1), date(2024, 4, 30), closed=[date(2024, 3, 12)])
    assert clock.recent_from(DAILY, FRIDAY_EVENING) == date(2024, 3, 1)


@pytest.mark.django_db
def test_over_a_long_holiday_fewer_than_ten_sessions_are_recent() -> None:
    add_calendar(date(2024, 2, 1), date(2024, 3, 15), closed=weekdays(date(2024, 2, 5), date(2024, 3, 11)))
    assert clock.recent_from(DAILY, FRIDAY_EVENING) == date(2024, 3, 12)


@pytest.mark.django_db
def test_without_a_calendar_only_today_is_recent() -> None:
    assert clock.recent_from(DAILY, FRIDAY_EVENING) == FRIDAY


def test_a_recent_cell_needs_two_answers_and_an_old_one_a_single_one() -> None:
    assert clock.answers_needed(date(2024, 3, 4), date(2024, 3, 4)) == 2
    assert clock.answers_needed(date(2024, 3, 1), date(2024, 3, 4)) == 1


def test_a_settled_cell_is_asked_again_after_7_30_and_90_days_and_then_never() -> None:
    waits = [clock.recheck_at(n, FRIDAY_EVENING) for n in range(4)]
    assert waits == [*(FRIDAY_EVENING + timedelta(days=n) for n in (7, 30, 90)), None]


@pytest.mark.parametrize(
    ("asked", "again"),
    [
        ("2024-03-15 18:00", "2024-03-18 17:00"),
        ("2024-03-18 16:59", "2024-03-18 17:00"),
        ("2024-03-18 17:00", None),
        ("2024-03-19 18:00", None),
    ],
)
def test_a_bar_is_asked_again_once_after_the_next_session(asked: str, again: str | None) -> None:
    expected = shanghai(again) if again else None
    assert clock.trailing_moment(DAILY, FRIDAY, shanghai(asked), SESSIONS) == expected


def test_a_factor_is_asked_again_after_each_of_three_sessions() -> None:
    moments = []
    asked = shanghai("2024-03-15 09:30")
    while moment := clock.trailing_moment(ADJ_FACTOR, FRIDAY, asked, SESSIONS):
        moments.append(moment)
        asked = moment
    assert moments == [shanghai(f"2024-03-{day} 09:30") for day in (18, 19, 20)]


def test_a_day_before_the_known_sessions_is_not_asked_again() -> None:
    assert clock.trailing_moment(DAILY, date(2024, 2, 29), shanghai("2024-02-29 18:00"), SESSIONS) is None
    assert clock.trailing_moment(DAILY, FRIDAY, shanghai("2024-03-15 18:00"), []) is None


def test_the_last_known_session_is_asked_again_when_the_next_is_known() -> None:
    asked = shanghai("2024-03-18 18:00")
    assert clock.trailing_moment(DAILY, MONDAY, asked, SESSIONS[: SESSIONS.index(TUESDAY)]) is None
    assert clock.trailing_moment(DAILY, MONDAY, asked, SESSIONS) == shanghai("2024-03-19 17:00")
