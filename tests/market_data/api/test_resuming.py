"""The job behind `resume`: it goes on where the task stopped."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from market_data.engine.ledger import clock
from market_data.engine.orders import Order, parse_day
from market_data.engine.running import tasks
from market_data.models import DailyBar, SyncTask
from market_data.standin.tushare.server import Standin
from scheduling import executions, installing, runner
from scheduling.models import Execution
from tests.market_data.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)


def work() -> Execution:
    """What a worker does with the next execution."""
    execution = executions.claim_next("sync", "")
    assert execution is not None
    runner.execute(execution)
    execution.refresh_from_db()
    return execution


def stopped_task() -> SyncTask:
    """A sync of all bars that was paused before its first call."""
    task = tasks.start("DAILY_HISTORY", "daily", Order(parse_day("20240101")).as_config(), 50)
    tasks.finish(task, SyncTask.Status.PAUSED, "Paused by a person.")
    return task


def test_a_worker_completes_the_task(api: APIClient, world: World, serve: Callable[..., Standin]) -> None:
    world.known_until = clock.today() + timedelta(days=60)
    serve(world)
    task = stopped_task()
    api.post(f"/market-data/sync-tasks/{task.id}/resume")
    execution = work()
    task.refresh_from_db()
    assert (execution.status, task.status) == ("SUCCESS", "COMPLETED")
    assert execution.result is not None
    assert execution.result["task_id"] == str(task.id)
    assert DailyBar.objects.exists()


def test_after_a_crash_the_next_attempt_takes_the_task_over(
    api: APIClient, world: World, serve: Callable[..., Standin]
) -> None:
    world.known_until = clock.today() + timedelta(days=60)
    serve(world)
    task = stopped_task()
    api.post(f"/market-data/sync-tasks/{task.id}/resume")
    SyncTask.objects.update(status="RUNNING", pid=2**22 + 1)
    assert work().status == "SUCCESS"
    task.refresh_from_db()
    assert task.status == "COMPLETED"


def test_a_task_that_another_process_works_on_is_left_to_it(
    api: APIClient, world: World, serve: Callable[..., Standin]
) -> None:
    world.known_until = clock.today() + timedelta(days=60)
    serve(world)
    task = stopped_task()
    api.post(f"/market-data/sync-tasks/{task.id}/resume")
    tasks.start("DAILY_HISTORY", "daily", task.config, 50)
    execution = work()
    assert execution.status == "SKIPPED"
    assert "running already" in execution.error_message


def test_with_no_task_left_the_run_says_so(api: APIClient) -> None:
    installing.install_schedules()
    api.post("/scheduler/jobs/resume_sync_task/trigger")
    assert (work().status, Execution.objects.get().error_message) == (
        "SKIPPED",
        "No such task is left to go on with.",
    )
