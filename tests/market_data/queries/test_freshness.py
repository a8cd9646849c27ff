"""Up to which day a dataset is complete, whatever the ledger looks like."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from market_data.engine.ledger import clock
from market_data.models import WHOLE, CoverageMark, Partition
from market_data.queries.freshness import Freshness, Standing, standings
from tests.market_data.builders import add_calendar, shanghai

pytestmark = pytest.mark.django_db
MONDAY, FRIDAY = date(2024, 3, 11), date(2024, 3, 15)
EVENING = shanghai("2024-03-15 20:00")


@pytest.fixture(autouse=True)
def week(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """A week of trading days, seen from its Friday evening."""
    monkeypatch.setattr(clock, "now", lambda: EVENING)
    return add_calendar(MONDAY, FRIDAY + timedelta(days=30))[:5]


def put(days: list[date], *states: str, dataset: str = "daily", got: int = 4) -> None:
    for day, state in zip(days, states, strict=False):
        if state:
            Partition.objects.create(dataset=dataset, trade_date=day, state=state, expected=5, got=got)


def standing(dataset: str = "daily") -> Standing:
    return next(found for found in standings() if found.dataset.name == dataset)


@pytest.mark.parametrize(
    ("states", "state", "until"),
    [
        (["complete"] * 5, Freshness.COMPLETE, FRIDAY),
        (["complete", "absent", "complete", "complete", "complete"], Freshness.COMPLETE, FRIDAY),
        (["complete"] * 4 + ["partial"], Freshness.LATE, FRIDAY - timedelta(days=1)),
        (["complete"] * 4 + ["missing"], Freshness.LATE, FRIDAY - timedelta(days=1)),
        (["complete"] * 4 + ["not_due"], Freshness.LATE, FRIDAY - timedelta(days=1)),
        (["complete"] * 4 + ["failed"], Freshness.LATE, FRIDAY - timedelta(days=1)),
        (["complete"] * 4, Freshness.LATE, FRIDAY - timedelta(days=1)),
        (["complete", "missing", "complete", "complete", "complete"], Freshness.PARTIAL, MONDAY),
        (["complete", "", "complete", "complete", "complete"], Freshness.PARTIAL, MONDAY),
        (["complete", "suspect", "complete", "complete", "complete"], Freshness.SUSPECT, MONDAY),
        (["complete"] * 4 + ["suspect"], Freshness.SUSPECT, FRIDAY - timedelta(days=1)),
        (["missing", "complete", "complete", "complete", "complete"], Freshness.PARTIAL, None),
    ],
)
def test_a_dataset_is_complete_up_to_its_first_hole(
    week: list[date], states: list[str], state: Freshness, until: date | None
) -> None:
    put(week, *states)

    assert (standing().state, standing().complete_until) == (state, until)


def test_what_was_never_synced_says_so(week: list[date]) -> None:
    put(week, *["missing"] * 5, got=0)

    assert (standing().state, standing().complete_until) == (Freshness.NEVER, None)


def test_a_day_is_not_late_before_its_time(week: list[date], monkeypatch: pytest.MonkeyPatch) -> None:
    put(week, *["complete"] * 4, "not_due")
    monkeypatch.setattr(clock, "now", lambda: shanghai("2024-03-15 16:59"))

    assert (standing().state, standing().due) == (Freshness.COMPLETE, FRIDAY - timedelta(days=1))


def test_a_weekday_that_no_calendar_knows_is_not_complete(week: list[date], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: shanghai("2024-04-17 20:00"))
    put(add_calendar(date(2024, 4, 15), date(2024, 4, 16)), "complete", "complete")

    assert (standing().state, standing().due) == (Freshness.LATE, date(2024, 4, 17))


def test_a_list_that_is_no_longer_fresh_is_late(week: list[date]) -> None:
    Partition.objects.create(
        dataset="stock_basic",
        trade_date=WHOLE,
        state="complete",
        got=10,
        answered_at=EVENING - timedelta(days=2),
        ask_after=EVENING - timedelta(days=1),
    )

    assert (standing("stock_basic").state, standing("stock_basic").complete_until) == (
        Freshness.LATE,
        FRIDAY - timedelta(days=2),
    )


def test_reading_writes_nothing_and_asks_little(week: list[date]) -> None:
    put(week, "complete", "", "complete")
    before = list(Partition.objects.values_list("id", "state"))

    with CaptureQueriesContext(connection) as asked:
        standings()

    assert len(asked) <= 4
    assert all(query["sql"].startswith("SELECT") for query in asked)
    assert list(Partition.objects.values_list("id", "state")) == before
    assert not CoverageMark.objects.exists()
