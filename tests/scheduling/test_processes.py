"""Real workers that are killed, stopped, misled by their broker, or not there at all."""

import os
import shutil
import signal
import subprocess
import time
from typing import Any

import pytest
import redis
from django.db import connection
from django_celery_results.models import TaskResult
from kombu import Connection

from scheduling import control, heartbeats, running, waking
from scheduling.models import Execution
from stocksync import celery_app
from tests.scheduling.conftest import ALL_BROKERS
from tests.scheduling.installation import Installation
from tests.scheduling.sample import jobs as sample
from tests.scheduling.servers import RABBITMQ_URL, REDIS_URL, RedisServer, cut_off, purge, shut

pytestmark = pytest.mark.alone


def configure(installation: Installation, job_type: str = "sample_steps", **fields: Any) -> None:
    kwargs = {"trace": str(installation.trace), "count": 30, "seconds": 0.15}
    control.create("job", job_type=job_type, **{"job_kwargs": kwargs, **fields})


def steps_taken(installation: Installation) -> list[int]:
    return [int(line.split()[0]) for line in sample.traces(installation.trace)]


@ALL_BROKERS
def test_a_run_whose_worker_tree_is_killed_goes_on_from_where_it_was(installation: Installation) -> None:
    configure(installation)
    installation.start("control", "sync", "beat")
    execution = running.trigger_now("job")
    installation.wait(lambda: len(steps_taken(installation)) >= 12)
    installation.kill_tree("sync")
    for _ in range(3):
        celery_app.send_task(waking.RUN_QUEUED, args=["sync"], queue="sync")
    installation.start("sync")
    (ended,) = installation.wait_for("SUCCESS")
    assert (ended.id, ended.attempt, ended.losses, ended.result) == (execution.id, 2, 1, {"done": 30})
    steps = steps_taken(installation)
    assert sorted(set(steps)) == list(range(30))
    assert len(steps) < 30 + 12, "the second attempt started from the beginning"
    assert Execution.objects.count() == 1
    told = " ".join(ended.lines.values_list("text", flat=True))
    assert "Attempt 1 on" in told
    assert "vanished in attempt 1. Queued again." in told
    assert "Attempt 2 on" in told


def lose_messages(installation: Installation, broker_url: str) -> None:
    if broker_url == REDIS_URL:
        redis.Redis.from_url(REDIS_URL).flushdb()
    elif broker_url == RABBITMQ_URL:
        with Connection(RABBITMQ_URL) as broker:
            purge(broker)
    else:
        for message in (installation.folder / "broker" / "queue").iterdir():
            message.unlink()


@ALL_BROKERS
def test_nothing_is_lost_with_the_brokers_messages(installation: Installation, broker_url: str) -> None:
    configure(installation, job_kwargs={"trace": str(installation.trace), "count": 1}, overlap="allow")
    for _ in range(4):
        running.trigger_now("job")
    lose_messages(installation, broker_url)
    installation.start("control", "sync", "beat")
    installation.wait_for("SUCCESS", 4)
    assert len(steps_taken(installation)) == 4
    (celery_id,) = set(Execution.objects.values_list("celery_task_id", flat=True)[:1])
    installation.wait(lambda: TaskResult.objects.filter(task_id=celery_id).exists())


def test_a_worker_told_to_stop_puts_its_run_back_at_once(installation: Installation) -> None:
    configure(installation)
    installation.start("control", "sync")
    running.trigger_now("job")
    installation.wait(lambda: len(steps_taken(installation)) >= 5)
    before = time.monotonic()
    installation.terminate("sync")
    assert time.monotonic() - before < 15
    (execution,) = installation.wait_for("QUEUED")
    assert (execution.attempt, execution.losses, execution.failures) == (1, 0, 0)
    assert "Attempt 1 was interrupted by a shutdown. Queued again." in execution.lines.values_list("text", flat=True)
    installation.start("sync")
    (ended,) = installation.wait_for("SUCCESS")
    assert ended.attempt == 2
    assert sorted(set(steps_taken(installation))) == list(range(30))
    assert len(steps_taken(installation)) <= 31


def test_a_run_cancelled_while_no_worker_is_up_never_goes_on(installation: Installation) -> None:
    configure(installation)
    installation.start("control", "sync", "beat")
    execution = running.trigger_now("job")
    installation.wait(lambda: len(steps_taken(installation)) >= 3)
    installation.kill_tree("sync")
    installation.kill_tree("control")
    running.cancel(execution.id)
    taken = len(steps_taken(installation))
    installation.start("control", "sync")
    installation.wait_for("CANCELLED")
    assert len(steps_taken(installation)) <= taken + 1


def test_a_running_job_ends_at_the_checkpoint_after_it_is_cancelled(installation: Installation) -> None:
    configure(installation)
    installation.start("sync")
    execution = running.trigger_now("job")
    installation.wait(lambda: len(steps_taken(installation)) >= 3)
    running.cancel(execution.id)
    (ended,) = installation.wait_for("CANCELLED", seconds=5)
    assert ended.result is not None
    assert len(steps_taken(installation)) < 30


@pytest.mark.parametrize("broker_url", ["redis"], indirect=True)
def test_a_job_longer_than_the_visibility_timeout_runs_once(installation: Installation) -> None:
    installation.environment["TEST_VISIBILITY_TIMEOUT"] = "1"
    configure(installation, job_kwargs={"trace": str(installation.trace), "count": 20, "seconds": 0.3})
    installation.start("control", "sync", "beat")
    running.trigger_now("job")
    (ended,) = installation.wait_for("SUCCESS")
    assert ended.attempt == 1
    assert steps_taken(installation) == list(range(20))


def close_connections() -> None:
    """End the connections of this vhost's users, and of nobody else's."""
    vhost = RABBITMQ_URL.rsplit("/", 1)[1]
    command = ["rabbitmqctl", "--quiet", "close_all_connections", "--vhost", vhost, "a test"]
    if shutil.which(command[0]) is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only RabbitMQ's administrator can close its connections")


@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_a_broker_that_drops_its_connections_disturbs_no_run(installation: Installation) -> None:
    configure(installation, job_kwargs={"trace": str(installation.trace), "count": 20, "seconds": 0.2})
    installation.start("control", "sync", "beat")
    running.trigger_now("job")
    installation.wait(lambda: len(steps_taken(installation)) >= 3)
    for _ in range(2):
        close_connections()
        time.sleep(0.5)
    (ended,) = installation.wait_for("SUCCESS")
    assert (ended.attempt, steps_taken(installation)) == (1, list(range(20)))
    running.trigger_now("job")
    installation.wait_for("SUCCESS", 2)
    assert all(process.poll() is None for process in installation.processes.values())


@pytest.mark.parametrize("broker_url", ["own redis"], indirect=True)
def test_a_redis_that_is_killed_and_comes_back_empty_loses_nothing(
    installation: Installation, redis_server: RedisServer
) -> None:
    configure(installation, job_kwargs={"trace": str(installation.trace), "count": 30, "seconds": 0.2})
    control.create("next", job_type="sample_steps", job_kwargs={"trace": f"{installation.trace}.next"}, overlap="allow")
    installation.start("control", "sync", "beat")
    execution = running.trigger_now("job")
    installation.wait(lambda: len(steps_taken(installation)) >= 3)
    redis_server.kill()
    for _ in range(3):
        running.trigger_now("next")
    time.sleep(2)
    redis_server.start()
    ended = {run.id: run for run in installation.wait_for("SUCCESS", 4)}
    assert ended[execution.id].attempt == 1
    assert steps_taken(installation) == list(range(30))
    assert len(sample.traces(installation.trace.with_name("trace.next"))) == 3
    assert all(process.poll() is None for process in installation.processes.values())


def test_a_child_that_died_is_named_in_its_runs_log_and_the_run_goes_on_before_its_lease_is_over(
    installation: Installation,
) -> None:
    installation.environment["SCHEDULING_LEASE_SECONDS"] = "600"
    configure(installation)
    installation.start("control", "sync")
    running.trigger_now("job")
    installation.wait(lambda: len(steps_taken(installation)) >= 3)
    child = int(sample.traces(installation.trace)[0].split()[1])
    os.kill(child, signal.SIGKILL)
    (ended,) = installation.wait_for("SUCCESS")
    assert (ended.attempt, ended.losses) == (2, 1)
    told = " ".join(ended.lines.values_list("text", flat=True))
    assert f":{child} died (Worker exited prematurely: signal 9 (SIGKILL)" in told


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_hosts_whose_clocks_are_wrong_take_no_run_from_each_other(
    installation: Installation, database_url: str
) -> None:
    """The leases are of two seconds, and a clock that is 90 s ahead once found them all over."""
    configure(installation, job_kwargs={"trace": str(installation.trace), "count": 30, "seconds": 0.2})
    control.create(
        "often",
        job_type="sample_steps",
        job_kwargs={"trace": f"{installation.trace}.often"},
        schedule=control.interval(1),
    )
    installation.start("control", TEST_CLOCK_AHEAD_SECONDS="90")
    installation.start("beat", TEST_CLOCK_AHEAD_SECONDS="-90")
    installation.start("sync")
    running.trigger_now("job")
    ended = {run.job_id: run for run in installation.wait_for("SUCCESS", 4)}
    installation.wait(lambda: Execution.objects.get(job_id="job").status == "SUCCESS")
    assert ended["often"].scheduled_for is not None
    assert set(Execution.objects.values_list("losses", "attempt")) <= {(0, 1), (0, 0)}
    assert steps_taken(installation) == list(range(30))
    installation.wait(lambda: len(heartbeats.clock_warnings()) == 2)
    assert "The clock of control@test is " in installation.log("control")
    assert all("ahead" in text or "behind" in text for text in heartbeats.clock_warnings())


@pytest.mark.parametrize("broker_url", ["own redis"], indirect=True)
def test_a_redis_that_freezes_disturbs_no_run_and_what_was_asked_for_meanwhile_is_found(
    installation: Installation, redis_server: RedisServer
) -> None:
    configure(installation, job_kwargs={"trace": str(installation.trace), "count": 40, "seconds": 0.2})
    control.create("next", job_type="sample_steps", job_kwargs={"trace": f"{installation.trace}.next"})
    installation.start("control", "sync", "beat")
    running.trigger_now("job")
    installation.wait(lambda: len(steps_taken(installation)) >= 3)
    redis_server.freeze()
    before = time.monotonic()
    running.trigger_now("next")
    assert time.monotonic() - before < 1.5
    time.sleep(7)
    redis_server.thaw()
    ended = {run.job_id: run for run in installation.wait_for("SUCCESS", 2, seconds=60)}
    assert (ended["job"].attempt, steps_taken(installation)) == (1, list(range(40)))
    assert len(sample.traces(installation.trace.with_name("trace.next"))) == 1
    assert all(process.poll() is None for process in installation.processes.values())


def test_a_job_that_ignores_its_limits_is_killed_and_the_worker_goes_on(installation: Installation) -> None:
    configure(installation, "sample_stubborn", soft_limit_seconds=1, hard_limit_seconds=2)
    control.create("next", job_type="sample_steps", job_kwargs={"trace": str(installation.trace)}, priority=1)
    installation.start("control", "sync", "beat")
    running.trigger_now("job")
    (failed,) = installation.wait_for("FAILED")
    assert failed.error_message == "Killed at its hard limit of 2 seconds."
    assert sample.traces(installation.trace) == ["started", "TimeLimitReached"]
    running.trigger_now("next")
    installation.wait_for("SUCCESS")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_that_goes_away_in_the_middle_costs_no_step(installation: Installation, database_url: str) -> None:
    # Longer than the database is away, and than until the next renewal after that.
    installation.environment["SCHEDULING_LEASE_SECONDS"] = "10"
    configure(installation, job_kwargs={"trace": str(installation.trace), "count": 25, "seconds": 0.15})
    installation.start("control", "sync", "beat")
    running.trigger_now("job")
    installation.wait(lambda: len(steps_taken(installation)) >= 5)
    with shut(database_url):
        cut_off(database_url)
        time.sleep(1.5)
    connection.close()
    (ended,) = installation.wait_for("SUCCESS")
    assert (ended.attempt, steps_taken(installation)) == (1, list(range(25)))
    assert "the job goes on" in installation.log("sync")
    running.trigger_now("job")
    installation.wait_for("SUCCESS", 2)
