"""What the sweep makes up for, and wake-ups."""

from datetime import UTC, datetime

import pytest
import time_machine

from scheduling import control, executions, running, sweeping
from scheduling.context import Status
from scheduling.models import Execution
from stocksync import celery_app
from tests.scheduling.conftest import Declare, waiting_messages

pytestmark = pytest.mark.django_db

DUE = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)  # 18:00 in Shanghai


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://127.0.0.1:1//"])
def test_a_run_is_queued_though_the_broker_is_down(
    declare: Declare, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    declare()
    celery_app.conf.update(broker_url=url)
    assert running.trigger_now("job").status == Status.QUEUED
    assert "the next sweep tries again" in caplog.text


def test_a_run_that_could_not_start_in_time_is_skipped(declare: Declare, clock: time_machine.Traveller) -> None:
    declare(start_by_seconds=300)
    running.trigger_now("job")
    clock.shift(301)
    assert executions.claim_next("sync", "") is None
    sweeping.sweep()
    assert (Execution.objects.get().status, Execution.objects.get().error_message[:27]) == (
        Status.SKIPPED,
        "It could not start by 2026-",
    )


def test_a_run_past_its_finish_by_limit_is_called_overdue_once(
    declare: Declare, clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    declare(finish_by_seconds=20)
    running.trigger_now("job")
    clock.shift(21)
    for _ in range(2):
        sweeping.sweep()
    assert Execution.objects.get().overdue_at is not None
    assert caplog.text.count("is overdue") == 1


@pytest.mark.django_db(transaction=True)
def test_a_dispatched_run_sends_one_wake_up_for_many_executions(
    declare: Declare, clock: time_machine.Traveller
) -> None:
    for number in range(5):
        declare(name=f"job{number}", schedule=control.cron("0 18 * * *"))
    clock.move_to(DUE)
    sweeping.catch_up()
    assert Execution.objects.count() == 5
    assert waiting_messages("sync") == 1
