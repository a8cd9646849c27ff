"""Runs that people ask for."""

import pytest

from scheduling import control, queries, running
from scheduling.context import Status
from scheduling.exceptions import ConfigurationError, ExecutionError, ExecutionNotFound, ExecutionRefused, JobNotFound
from scheduling.models import Execution
from scheduling.registry import Job
from tests.scheduling.conftest import Declare
from tests.scheduling.working import Limit, work

pytestmark = pytest.mark.django_db(transaction=True)


def test_kwargs_go_over_those_of_the_job_and_must_fit(declare: Declare) -> None:
    declare(lambda context, limit: {"limit": limit}, kwargs_model=Limit, job_kwargs={"limit": 5})
    with pytest.raises(ConfigurationError, match="job: limit: "):
        running.trigger_now("job", {"limit": "many"})
    assert not Execution.objects.exists()
    running.trigger_now("job", {"limit": 7})
    execution = work()
    assert execution is not None
    assert execution.result == {"limit": 7}


def test_the_same_key_triggers_once(declare: Declare) -> None:
    declare(overlap="allow")
    first = running.trigger_now("job", idempotency_key="a")
    assert running.trigger_now("job", idempotency_key="a").id == first.id
    assert running.trigger_now("job", idempotency_key="b").id != first.id
    assert running.trigger_now("job").id != running.trigger_now("job").id


def test_a_person_may_trigger_a_disabled_or_paused_job_but_not_one_that_runs(declare: Declare) -> None:
    declare(schedule=control.cron("0 18 * * *"), enabled=False)
    control.pause("job", "later")
    running.trigger_now("job")
    with pytest.raises(ExecutionRefused, match="is queued still"):
        running.trigger_now("job")


def test_an_ended_run_is_tried_again_by_hand_with_its_own_kwargs(declare: Declare) -> None:
    declare(lambda context, limit: {"limit": limit}, kwargs_model=Limit)
    first = running.trigger_now("job", {"limit": 9})
    with pytest.raises(ExecutionError, match="has not ended"):
        running.retry(first.id)
    work()
    again = running.retry(first.id)
    assert (again.retry_of_id, again.kwargs, again.trigger) == (first.id, {"limit": 9}, "retry")


def test_unknown_jobs_and_executions_have_errors_of_their_own(jobs: dict[str, Job]) -> None:
    with pytest.raises(JobNotFound):
        running.trigger_now("nothing")
    for wrong in ("not-a-uuid", "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(ExecutionNotFound):
            running.cancel(wrong)


def test_deleting_a_job_ends_its_queued_runs_and_keeps_the_records(declare: Declare) -> None:
    declare()
    running.trigger_now("job")
    control.delete("job")
    assert list(queries.recent_executions("job").values_list("status", flat=True)) == [Status.CANCELLED]
