"""Clients and workers that meet at the same jobs, for TEST_DEADLOCK_SECONDS: one order of locks, and no deadlock."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import OperationalError, connection

from scheduling import control, executions, runner, running, sweeping
from scheduling.context import Status
from scheduling.exceptions import ExecutionRefused, SchedulingError
from scheduling.models import Execution
from tests.scheduling.conftest import Declare
from tests.scheduling.holding import in_thread, on_postgresql

pytestmark = [pytest.mark.django_db(transaction=True), on_postgresql]

DEADLOCK_SECONDS = float(os.environ.get("TEST_DEADLOCK_SECONDS", "10"))


class Traffic:
    """Clients and workers that meet at the same rows until the time is over; what the database refused them."""

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.refused: list[str] = []
        self.done = 0

    def repeat(self, work: Callable[[], object]) -> None:
        while time.monotonic() < self.until:
            try:
                work()
                self.done += 1
            except SchedulingError:
                continue
            except OperationalError as error:
                self.refused.append(str(error))


def run_one() -> None:
    if execution := executions.claim_next("sync", ""):
        runner.execute(execution)
    else:
        time.sleep(0.005)


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def test_clients_and_workers_at_the_same_jobs_never_deadlock(
    declare: Declare, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "scheduling")
    leader = declare(lambda context: context.checkpoint(), name="shared", overlap="cancel_other")
    declare(name="after", run_after=leader, overlap="cancel_other")
    traffic, before = Traffic(DEADLOCK_SECONDS), deadlocks()

    def come_and_go(number: int) -> None:
        with suppress(ExecutionRefused):
            control.create(f"own {number}", job_type="shared", schedule=control.interval(3600))
            running.trigger_now(f"own {number}")
        control.delete(f"own {number}")

    clients = [
        *(lambda number=number: come_and_go(number) for number in range(2)),
        *[lambda: running.trigger_now("shared")] * 3,
        *[run_one] * 3,
        sweeping.sweep,
    ]
    threads = [in_thread(lambda client=client: traffic.repeat(client)) for client in clients]  # type: ignore[misc]
    for thread in threads:
        thread.join()
    time.sleep(1)
    assert (traffic.refused, deadlocks() - before) == ([], 0)
    assert traffic.done > 20 * DEADLOCK_SECONDS
    assert Execution.objects.filter(status=Status.SUCCESS).exists()
