"""Answers that are not believed: what the ledger says of them, and what is asked again."""

from datetime import timedelta

import pytest
import time_machine

from market_data.engine.ledger import clock, coverage, lists
from market_data.models import WHOLE, CoverageCell, ListDoubt, Partition
from tests.market_data.builders import (
    DAILY,
    FRIDAY,
    FRIDAY_EVENING,
    OLD_MONDAY,
    STOCK_BASIC,
    A,
    B,
    C,
    add_securities,
    counted,
    partition,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("market")]


def test_nothing_of_a_suspect_day_counts_as_absent() -> None:
    add_securities(C)
    coverage.ensure(DAILY, OLD_MONDAY, OLD_MONDAY)
    Partition.objects.update(reason="0 of 3 rows came.")
    now = clock.now()
    for symbol in (A, B, C):
        CoverageCell.objects.create(
            dataset="daily", symbol=symbol, trade_date=OLD_MONDAY, absent=True, first_asked_at=now, asked_at=now
        )
    seen = counted(DAILY, OLD_MONDAY)
    assert (seen.state, seen.expected, seen.got, seen.absent) == ("suspect", 3, 0, 0)


def test_a_doubtful_answer_says_nothing_of_a_day_that_was_answered_well() -> None:
    coverage.ensure(DAILY, OLD_MONDAY, FRIDAY)
    coverage.answered(DAILY, OLD_MONDAY, OLD_MONDAY, clock.now())
    coverage.doubted(DAILY, OLD_MONDAY, FRIDAY, clock.now(), "0 of 2 rows came.")
    assert partition(DAILY, OLD_MONDAY).reason == ""
    assert partition(DAILY, FRIDAY).reason == "0 of 2 rows came."


def test_of_a_doubted_list_the_doubted_calls_are_asked_again_and_all_when_it_is_old(
    market: time_machine.Traveller,
) -> None:
    now = clock.now()
    Partition.objects.create(dataset="stock_basic", trade_date=WHOLE, state="suspect", asked_at=now)
    ListDoubt.objects.create(dataset="stock_basic", key="D", digest="x", counted_at=now, reason="too few")
    assert lists.doubted_keys(STOCK_BASIC) == {"D"}
    market.move_to(FRIDAY_EVENING + timedelta(hours=STOCK_BASIC.fresh_hours, minutes=1))
    assert lists.doubted_keys(STOCK_BASIC) == set()
