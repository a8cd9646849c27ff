"""What was given up is recorded once, counted, and closed when it is answered."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from market_data.engine.ledger import clock
from market_data.engine.running import failures, tasks
from market_data.engine.storing.checks import Refused
from market_data.exceptions import BadPayload, Transient
from market_data.models import WHOLE, CoverageMark, SyncFailureRecord, SyncRequest, SyncTask
from tests.market_data.builders import (
    DAILY,
    FRIDAY_EVENING,
    OLD_MONDAY,
    STOCK_BASIC,
    SUSPEND_D,
    A,
    B,
    add_calendar,
    add_securities,
    claimed_request,
    running_task,
    store_cells,
)

pytestmark = pytest.mark.django_db
TUESDAY = date(2024, 1, 9)
LATER = FRIDAY_EVENING + timedelta(hours=1)


@pytest.fixture(autouse=True)
def market() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(FRIDAY_EVENING, tick=False) as traveller:
        add_calendar(date(2024, 1, 1), date(2024, 4, 30))
        add_securities(A, B)
        yield traveller


def request_for(*symbols: str, start: date = OLD_MONDAY, end: date = OLD_MONDAY, **fields: Any) -> SyncRequest:
    shape = "symbols" if symbols else "date"
    return SyncRequest(**{"shape": shape, "symbols": list(symbols), "start_date": start, "end_date": end, **fields})


def refused_row(symbol: str) -> Refused:
    return Refused("its values are impossible", symbol, OLD_MONDAY, {"close": -1.0})


def answered(*symbols: str, start: date = OLD_MONDAY, end: date = OLD_MONDAY, moment: datetime = LATER) -> None:
    """Have a request been answered."""
    task = SyncTask.objects.first() or running_task()
    request = claimed_request(task, shape="symbols", symbols=list(symbols), start_date=start, end_date=end)
    tasks.conclude(request, SyncRequest.State.DONE, finished_at=moment)


def give_up(request: SyncRequest, message: str = "no answer") -> SyncFailureRecord:
    return failures.give_up(DAILY, "DAILY_HISTORY", request, Transient(message))


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (request_for(A), A),
        (request_for(), "20240108"),
        (request_for(end=TUESDAY), "20240108-20240109"),
        (request_for(A, B, end=TUESDAY), "20240108-20240109 2 symbols"),
        (request_for(start=WHOLE, end=WHOLE, shape="whole", params={"list_status": "L"}), "L"),
    ],
)
def test_a_failure_is_named_for_what_failed(request_: SyncRequest, code: str) -> None:
    assert give_up(request_).third_code == code


def test_a_failure_keeps_the_text_and_the_evidence(settings: Any) -> None:
    settings.SYNC_FAILURE_MAX_RETRIES = 7
    error = BadPayload("two rows twice", {"keys": [[A, "2024-01-08"]]})
    record = failures.give_up(DAILY, "DAILY_HISTORY", request_for(A), error)
    record.refresh_from_db()
    assert (record.error_message, record.evidence) == ("two rows twice", {"keys": [[A, "2024-01-08"]]})
    assert (record.symbols, record.retry_count, record.max_retries) == ([A], 0, 7)
    assert (record.last_attempt_at, record.resolved_at) == (FRIDAY_EVENING, None)


def test_the_same_failure_again_is_a_retry_of_the_first(market: time_machine.Traveller) -> None:
    give_up(request_for(A))
    market.shift(timedelta(minutes=5))
    give_up(request_for(A), "still no answer")
    record = SyncFailureRecord.objects.get()
    assert (record.retry_count, record.error_message) == (1, "still no answer")
    assert record.last_attempt_at == FRIDAY_EVENING + timedelta(minutes=5)


def test_other_days_and_a_resolved_failure_are_records_of_their_own() -> None:
    give_up(request_for(A))
    give_up(request_for(A, start=TUESDAY, end=TUESDAY))
    SyncFailureRecord.objects.update(resolved_at=clock.now())
    give_up(request_for(A))
    assert SyncFailureRecord.objects.count() == 3


def test_the_database_refuses_a_second_open_record() -> None:
    record = give_up(request_for(A))
    record.pk = None
    record._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        record.save(force_insert=True)


def test_a_refused_row_is_a_failure_of_its_symbol() -> None:
    record = failures.refuse_row(DAILY, "DAILY_HISTORY", refused_row(A), (OLD_MONDAY, TUESDAY))
    assert (record.third_code, record.start_date, record.end_date) == (A, OLD_MONDAY, OLD_MONDAY)
    assert record.evidence == {"close": -1.0}
    assert A in record.error_message


def test_a_row_that_comes_wrong_again_is_one_record_and_one_that_comes_right_closes_it() -> None:
    for refused in ([refused_row(A), refused_row(B)], [refused_row(A)]):
        failures.note_rows(DAILY, "DAILY_HISTORY", request_for(end=TUESDAY), refused, FRIDAY_EVENING)
    found = dict(SyncFailureRecord.objects.values_list("third_code", "resolved_at"))
    assert found == {A: None, B: FRIDAY_EVENING}


def test_a_row_that_a_person_has_resolved_is_no_failure_while_it_comes_alike() -> None:
    def note() -> int:
        return failures.note_rows(DAILY, "DAILY_HISTORY", request_for(), [refused_row(A)], FRIDAY_EVENING)

    assert note() == 1
    SyncFailureRecord.objects.update(resolved_at=FRIDAY_EVENING)
    assert note() == 0
    assert SyncFailureRecord.objects.count() == 1


def test_a_failure_has_its_days_counted_again() -> None:
    give_up(request_for(A, end=TUESDAY))
    mark = CoverageMark.objects.get()
    assert (mark.dataset, mark.start_date, mark.end_date) == ("daily", OLD_MONDAY, TUESDAY)
    failures.give_up(STOCK_BASIC, "STOCK_LIST", request_for(shape="whole", params={}), Transient("no"))
    assert CoverageMark.objects.count() == 1


def test_a_failure_is_resolved_when_what_it_asked_for_was_answered() -> None:
    give_up(request_for(A, end=TUESDAY))
    answered(A)
    answered(B, end=TUESDAY)
    assert failures.resolve_answered(DAILY) == 0
    answered(A, start=TUESDAY, end=TUESDAY)
    CoverageMark.objects.all().delete()
    assert failures.resolve_answered(DAILY) == 1
    assert SyncFailureRecord.objects.get().resolved_at == FRIDAY_EVENING
    assert CoverageMark.objects.exists()
    assert failures.resolve_answered(DAILY) == 0


def test_a_failure_is_not_resolved_because_nothing_is_missing() -> None:
    store_cells(DAILY, [A, B], [OLD_MONDAY])
    give_up(request_for(A))
    give_up(request_for())
    assert failures.resolve_answered(DAILY) == 0


def test_a_failure_of_the_whole_market_needs_every_missing_symbol() -> None:
    give_up(request_for())
    answered(A)
    assert failures.resolve_answered(DAILY) == 0
    store_cells(DAILY, [B], [OLD_MONDAY])
    assert failures.resolve_answered(DAILY) == 1


def test_a_failure_is_not_resolved_by_an_answer_from_before_it() -> None:
    give_up(request_for(A))
    answered(A, moment=FRIDAY_EVENING - timedelta(hours=2))
    assert failures.resolve_answered(DAILY) == 0


def test_a_failure_of_another_dataset_stays() -> None:
    give_up(request_for(A))
    answered(A)
    SyncFailureRecord.objects.update(dataset="adj_factor")
    assert failures.resolve_answered(DAILY) == 0


def test_a_failure_of_events_needs_a_later_answer_for_all_its_days() -> None:
    failures.give_up(SUSPEND_D, "DAILY_HISTORY", request_for(end=TUESDAY), Transient("no answer"))
    task = running_task(SUSPEND_D)
    sunday, later = date(2024, 1, 7), FRIDAY_EVENING + timedelta(hours=1)
    for start, end, moment, resolved in (
        (sunday, TUESDAY, FRIDAY_EVENING, 0),
        (sunday, OLD_MONDAY, later, 0),
        (TUESDAY, TUESDAY, later, 1),
    ):
        request = claimed_request(task, start_date=start, end_date=end)
        tasks.conclude(request, SyncRequest.State.DONE, finished_at=moment)
        assert failures.resolve_answered(SUSPEND_D) == resolved
