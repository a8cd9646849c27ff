"""Who runs what, when: claims, leases, pools, order, chains."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from scheduling import control, executions, queries, running, sweeping, tasks
from scheduling.context import Context, Outcome, Status
from scheduling.models import Execution, Pool
from tests.scheduling.conftest import Declare, empty, waiting_messages
from tests.scheduling.working import work

pytestmark = pytest.mark.django_db(transaction=True)


def expire_lease() -> None:
    Execution.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_run_that_loses_every_worker_is_given_up(declare: Declare) -> None:
    declare(max_losses=2)
    running.trigger_now("job")
    for status in (Status.QUEUED, Status.LOST):
        assert executions.claim_next("sync", "")
        expire_lease()
        sweeping.sweep()
        assert Execution.objects.get().status == status
    execution = Execution.objects.get()
    assert (execution.losses, "Given up" in execution.error_message) == (2, True)
    assert execution.finished_at is not None


def test_a_run_whose_lease_holds_is_left_alone(declare: Declare) -> None:
    declare()
    running.trigger_now("job")
    assert executions.claim_next("sync", "")
    sweeping.sweep()
    assert Execution.objects.get().status == Status.RUNNING


def test_runs_have_time_to_renew_their_leases_after_the_database_was_away(declare: Declare) -> None:
    declare()
    running.trigger_now("job")
    assert executions.claim_next("sync", "")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sweeping.sweep()
        expire_lease()
        clock.shift(timedelta(minutes=2))
        sweeping.sweep()
        assert Execution.objects.get().status == Status.RUNNING
        clock.shift(timedelta(seconds=31))
        sweeping.sweep()
        assert Execution.objects.get().status == Status.QUEUED


def test_sweeps_that_always_come_late_still_find_vanished_workers(declare: Declare) -> None:
    declare()
    running.trigger_now("job")
    assert executions.claim_next("sync", "")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(3):
            clock.shift(timedelta(seconds=50))
            sweeping.sweep()
    assert Execution.objects.get().status == Status.QUEUED


def test_the_lease_is_renewed_while_the_job_works(declare: Declare, settings: Any) -> None:
    settings.SCHEDULING_LEASE_SECONDS = 0.3

    def function(context: Context) -> None:
        for _ in range(5):
            time.sleep(0.2)
            sweeping.sweep()
            context.checkpoint()

    declare(function)
    running.trigger_now("job")
    execution = work()
    assert execution is not None
    assert (execution.status, execution.attempt) == (Status.SUCCESS, 1)


def test_two_workers_never_claim_the_same_run(declare: Declare) -> None:
    declare()
    running.trigger_now("job")
    first, second = Execution.objects.get(), Execution.objects.get()
    assert (executions.claim(first), executions.claim(second)) == (True, False)


def test_the_database_allows_one_exclusive_run_of_a_job(declare: Declare) -> None:
    config = declare(overlap="queue_one")
    first, second = (executions.create(config, "manual", {}) for _ in range(2))  # type: ignore[arg-type]
    assert (executions.claim(first), executions.claim(second)) == (True, False)
    executions.finish(first, Status.SUCCESS)
    assert executions.claim(second)


def test_a_pool_runs_no_more_than_its_slots(declare: Declare) -> None:
    for name in "abc":
        declare(name=name, pool="provider")
        running.trigger_now(name)
    Pool.objects.filter(name="provider").update(slots=2)
    claimed = [executions.claim_next("sync", "") for _ in range(3)]
    assert [execution is not None for execution in claimed] == [True, True, False]


def test_the_higher_priority_goes_first_and_then_the_older(declare: Declare) -> None:
    for name, priority in (("old", 5), ("new", 5), ("urgent", 9)):
        declare(name=name, priority=priority)
        running.trigger_now(name)
    order = [execution.job_id for execution in iter(lambda: executions.claim_next("sync", ""), None)]
    assert order == ["urgent", "old", "new"]


def test_a_worker_runs_all_that_is_queued_and_passes_the_wake_up_on(declare: Declare) -> None:
    during: list[int] = []
    for name in "ab":
        declare(lambda context: during.append(waiting_messages("sync")), name=name)
        running.trigger_now(name)
    empty("sync")
    assert tasks.run_queued("sync") == 2
    assert during == [1, 1], "the first one woke another worker"


def test_a_job_starts_when_the_one_before_it_has_succeeded(declare: Declare) -> None:
    outcomes: list[Callable[[], Outcome]] = [lambda: Outcome(), lambda: Outcome(Status.SKIPPED)]
    first = declare(lambda context: outcomes.pop()(), name="first")
    declare(name="second", run_after=first)
    for _ in range(2):
        running.trigger_now("first")
        work()
    assert list(Execution.objects.filter(job_id="second").values_list("trigger", "status")) == [("after", "SUCCESS")]


def test_a_disabled_or_paused_follower_does_not_start(declare: Declare) -> None:
    first = declare(name="first")
    declare(name="disabled", run_after=first, schedule=control.cron("0 18 * * *"), enabled=False)
    declare(name="paused", run_after=first)
    control.pause("paused", "later")
    running.trigger_now("first")
    work()
    followers = Execution.objects.exclude(job_id="first").values_list("job_id", "status", "error_message")
    assert list(followers) == [("paused", Status.SKIPPED, "Paused: later")]


def test_figures_count_what_ended_and_tell_what_comes(declare: Declare) -> None:
    declare(name="a", schedule=control.cron("0 18 * * *"))
    declare(name="b", schedule=control.cron("0 18 * * *"), enabled=False)
    running.trigger_now("a")
    work()
    figures = queries.figures()
    assert (figures["active_jobs_count"], figures["total_jobs_count"]) == (1, 2)
    assert (figures["succeeded"], figures["failed"], figures["is_running"]) == (1, 0, False)
    assert figures["average_duration_ms"] is not None
    assert [run["job_id"] for run in figures["next_runs"]] == ["a"]


def test_recent_runs_come_newest_first_and_as_many_as_asked(declare: Declare) -> None:
    declare(name="a", overlap="allow")
    declare(name="b")
    made = [running.trigger_now("a").id for _ in range(3)]
    running.trigger_now("b")
    assert [execution.id for execution in queries.recent_executions("a", limit=2)] == made[:0:-1]
    assert queries.recent_executions().count() == 4
