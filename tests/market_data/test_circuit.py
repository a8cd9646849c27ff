"""Circuits in the database: they open, wait, let one call try, and close, for all processes alike."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from market_data.circuit import TRIAL, DatabaseCircuits
from market_data.exceptions import Unreachable
from market_data.models import CircuitState

pytestmark = pytest.mark.django_db(transaction=True)
HOST = "push2his.eastmoney.com"


@pytest.fixture
def circuits() -> Iterator[DatabaseCircuits]:
    made = DatabaseCircuits(refusals_to_open=3, open_for=timedelta(minutes=10))
    yield made
    made.close()


@pytest.fixture
def elsewhere() -> Iterator[DatabaseCircuits]:
    """The same circuits as another process has them."""
    made = DatabaseCircuits(refusals_to_open=3, open_for=timedelta(minutes=10))
    yield made
    made.close()


def refuse(circuits: DatabaseCircuits, times: int, host: str = HOST) -> None:
    for _ in range(times):
        circuits.refused(host, "HTTP 403.")


def let_time_pass() -> None:
    CircuitState.objects.update(open_until=timezone.now() - timedelta(seconds=1))


def test_some_refusals_in_a_row_open_it_for_everybody(circuits: DatabaseCircuits, elsewhere: DatabaseCircuits) -> None:
    refuse(circuits, 2)
    elsewhere.enter(HOST)
    refuse(circuits, 1)
    until = timezone.localtime(CircuitState.objects.get().open_until)
    for each in (circuits, elsewhere):
        with pytest.raises(Unreachable) as caught:
            each.enter(HOST)
        assert str(caught.value) == (
            f"{HOST} is left alone until {until:%H:%M:%S}; it refused 3 calls in a row, at last: HTTP 403."
        )


def test_an_answer_in_between_sets_the_count_back(circuits: DatabaseCircuits) -> None:
    refuse(circuits, 2)
    circuits.answered(HOST)
    refuse(circuits, 2)
    circuits.enter(HOST)


def test_each_host_has_its_own(circuits: DatabaseCircuits) -> None:
    refuse(circuits, 3)
    circuits.enter("push2.eastmoney.com")


def test_after_the_pause_one_call_tries_and_the_others_still_wait(
    circuits: DatabaseCircuits, elsewhere: DatabaseCircuits
) -> None:
    refuse(circuits, 3)
    let_time_pass()
    circuits.enter(HOST)
    for each in (circuits, elsewhere):
        with pytest.raises(Unreachable, match="left alone"):
            each.enter(HOST)


def test_an_answer_to_the_call_that_tried_closes_it(circuits: DatabaseCircuits, elsewhere: DatabaseCircuits) -> None:
    refuse(circuits, 3)
    let_time_pass()
    circuits.enter(HOST)
    circuits.answered(HOST)
    elsewhere.enter(HOST)
    state = CircuitState.objects.get()
    assert (state.refusals, state.open_until) == (0, None)
    assert state.last_refusal == "HTTP 403."


def test_a_refusal_of_the_call_that_tried_opens_it_again(circuits: DatabaseCircuits) -> None:
    refuse(circuits, 3)
    let_time_pass()
    circuits.enter(HOST)
    refuse(circuits, 1)
    assert CircuitState.objects.get().open_until > timezone.now() + timedelta(minutes=9)


def test_a_process_that_died_while_it_tried_does_not_keep_the_others_away(circuits: DatabaseCircuits) -> None:
    refuse(circuits, 3)
    let_time_pass()
    circuits.enter(HOST)
    assert CircuitState.objects.get().open_until <= timezone.now() + TRIAL
    let_time_pass()
    circuits.enter(HOST)
