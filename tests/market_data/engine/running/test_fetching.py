"""Asking for one request: what is asked twice, and what of an answer counts."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from market_data.engine.planner.planning import Wanted, _shapes, row_cap
from market_data.engine.running import tasks
from market_data.engine.running.fetching import Fetching, fetch
from market_data.engine.running.store import Store
from market_data.engine.storing.judging import Question
from market_data.models import DailyBar, SyncRequest
from market_data.providers.base import Answer, Call, T
from tests.market_data.builders import (
    ADJ_FACTOR,
    DAILY,
    OLD_MONDAY,
    A,
    B,
    add_calendar,
    add_securities,
    answer_of,
    claimed_request,
    fetched,
    row_of,
    running_task,
)

pytestmark = pytest.mark.django_db


class Scripted:
    """A provider that gives these answers in turn."""

    name = account = "tushare"

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.calls = 0

    def ask(self, call: Call, use: Callable[[Answer], T]) -> T:
        self.calls += 1
        return use(self.answers.pop(0))


def asked(provider: Any, expected: int) -> Any:
    request = SyncRequest(shape="date", start_date=OLD_MONDAY, end_date=OLD_MONDAY, expected_rows=expected)
    return fetch(Fetching(provider, DAILY), request, Question("date", 6000, expected))


def test_an_empty_answer_where_rows_are_due_is_asked_for_twice() -> None:
    provider = Scripted(answer_of(DAILY, []), answer_of(DAILY, [row_of(DAILY, A, OLD_MONDAY)]))
    assert (asked(provider, 1).table.num_rows, provider.calls) == (1, 2)


def test_an_empty_answer_where_nothing_is_due_is_believed_at_once() -> None:
    provider = Scripted(answer_of(DAILY, []))
    assert (asked(provider, 0).table.num_rows, provider.calls) == (0, 1)


@pytest.mark.parametrize("dataset", [DAILY, ADJ_FACTOR])
def test_no_call_is_planned_that_would_fill_an_answer_to_its_cap(dataset: Any) -> None:
    shapes = _shapes(dataset, Wanted(OLD_MONDAY, OLD_MONDAY))
    assert shapes.cap == row_cap(dataset) - 1


def test_rows_of_a_provider_that_stands_in_replace_none_of_the_first_ones() -> None:
    add_calendar(date(2024, 1, 1), date(2024, 1, 31))
    add_securities(A, B)
    task = running_task()
    for provider, close in (("tushare", 10.5), ("akshare", 10.75)):
        request = claimed_request(task, start_date=OLD_MONDAY, end_date=OLD_MONDAY)
        rows = Store(DAILY, task, provider, OLD_MONDAY, OLD_MONDAY)
        table = fetched(DAILY, A).table
        at = table.column_names.index("close")
        rows.store(request, fetched(DAILY, table=table.set_column(at, "close", [[close]])))
    assert list(DailyBar.objects.values_list("close", "provider")) == [(10.5, "tushare")]


def test_an_owner_whose_request_went_to_another_cannot_conclude_it() -> None:
    task = running_task()
    mine = claimed_request(task, owner="me")
    tasks.release(task, "me", except_for=[])
    (theirs,) = tasks.claim(task, "another", 1)
    assert (theirs.id, theirs.fence > mine.fence) == (mine.id, True)
    with pytest.raises(tasks.Lost):
        tasks.conclude(mine, SyncRequest.State.DONE)
    tasks.conclude(theirs, SyncRequest.State.DONE)
