"""What housekeeping deletes, and what it leaves."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_celery_results.models import TaskResult

from scheduling import executions, housekeeping, jobs, registry, running
from scheduling.context import Status
from scheduling.exceptions import ConfigurationError
from scheduling.installing import install
from scheduling.models import Execution, ExecutionLine
from scheduling.registry import Job

pytestmark = pytest.mark.django_db

ALL_OLD = {"execution_days": 90, "keep_last": 0}


def ran(job_id: str, days_ago: int, status: Status = Status.SUCCESS) -> Execution:
    moment = timezone.now() - timedelta(days=days_ago)
    execution = Execution.objects.create(job_id=job_id, job_type="x", trigger="manual", status=status, queued_at=moment)
    executions.add_lines(execution, [(moment, "INFO", "one"), (moment, "INFO", "two")])
    return execution


@pytest.fixture
def housekeeper() -> Job:
    declared = registry.find("housekeeping")
    assert declared is not None
    install(declared)
    return declared


def keep_house(**kwargs: Any) -> Execution:
    return running.run_here("housekeeping", kwargs)


def test_old_executions_go_with_their_lines_and_young_ones_stay(housekeeper: Job) -> None:
    ran("a", 91)
    young = ran("a", 89)
    execution = keep_house(**ALL_OLD)
    assert (execution.status, execution.result) == (
        "SUCCESS",
        {"executions": 1, "lines": 2, "results": 0, "incidents": 0},
    )
    assert set(Execution.objects.all()) == {young, execution}
    assert ExecutionLine.objects.filter(execution=young).count() == 2


def test_the_latest_executions_of_each_job_stay_whatever_their_age(housekeeper: Job) -> None:
    for days_ago in (100, 200, 300):
        ran("rare", days_ago)
    often = [ran("often", days_ago) for days_ago in (1, 100, 200)]
    execution = keep_house(execution_days=90, keep_last=2)
    assert execution.result == {"executions": 2, "lines": 4, "results": 0, "incidents": 0}
    assert Execution.objects.filter(job_id="rare").count() == 2
    assert set(Execution.objects.filter(job_id="often")) == set(often[:2])


@pytest.mark.parametrize("status", executions.ACTIVE)
def test_what_is_queued_or_runs_is_left_alone(housekeeper: Job, status: Status) -> None:
    old = ran("a", 1000, status)
    ran("a", 999)
    assert keep_house(**ALL_OLD).result == {"executions": 1, "lines": 2, "results": 0, "incidents": 0}
    assert Execution.objects.filter(id=old.id).exists()


def test_a_retry_stays_when_the_run_it_repeats_is_deleted(housekeeper: Job) -> None:
    retry = ran("a", 10)
    Execution.objects.filter(id=retry.id).update(retry_of=ran("a", 100))
    keep_house(**ALL_OLD)
    retry.refresh_from_db()
    assert retry.retry_of is None


def test_it_deletes_chunk_by_chunk_and_can_be_ended_between_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "CHUNK", 2)
    for days_ago in range(100, 105):
        ran("a", days_ago)
    chunks: list[int] = []
    now = timezone.now()
    deleted = housekeeping.delete_executions(now, 0, lambda: chunks.append(Execution.objects.count()))
    assert (deleted, chunks) == ({"executions": 5, "lines": 10}, [5, 3, 1])


def test_celerys_old_results_go(housekeeper: Job) -> None:
    for days_ago in (10, 40):
        result = TaskResult.objects.create(task_id=str(days_ago), status="SUCCESS")
        TaskResult.objects.filter(pk=result.pk).update(date_done=timezone.now() - timedelta(days=days_ago))
    assert keep_house(result_days=30).result == {"executions": 0, "lines": 0, "results": 1, "incidents": 0}
    assert TaskResult.objects.get().task_id == "10"


def test_it_is_installed_to_run_at_night(housekeeper: Job) -> None:
    config = running._runnable("housekeeping")
    assert (config.cron_expression, config.timezone, config.enabled) == ("30 3 * * *", "Asia/Shanghai", True)
    assert jobs.Retention().execution_days == jobs.Retention().result_days == 90


def test_absurd_retention_is_refused(housekeeper: Job) -> None:
    with pytest.raises(ConfigurationError, match="execution_days: Input should be greater than or equal to 1"):
        keep_house(execution_days=0)
