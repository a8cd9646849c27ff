"""The job that goes on with sync tasks for the API, which must not wait for one."""

from dataclasses import replace
from uuid import UUID

from pydantic import Field

from market_data.background import register_resume
from market_data.demo import demo_provider
from market_data.engine import sync
from market_data.engine.orders import Order
from market_data.engine.running import tasks
from market_data.exceptions import AlreadyRunning, MarketDataError
from market_data.jobs.syncing import session_of
from market_data.models import SyncTask
from scheduling import installing, registry, running
from scheduling.context import Context, Outcome, Status
from scheduling.registry import JobKwargs, job

NAME = "resume_sync_task"


class Resume(JobKwargs):
    """Which task to go on with."""

    task_id: UUID | None = Field(None, description="The sync task; empty: the one that was paused last.")


@job(NAME, title="Resume a sync task", kwargs_model=Resume, policies={"overlap": "allow", "priority": 7})
def resume_sync_task(context: Context, task_id: UUID | None) -> Outcome:
    """Go on with a paused or failed sync task from where it stopped."""
    task = _task(task_id)
    if task is None or task.status == SyncTask.Status.COMPLETED:
        return Outcome(Status.SKIPPED, message="No such task is left to go on with.")
    try:
        # Not `sync.resume`: after a crash the task is RUNNING with nobody behind it, which this takes over.
        order = replace(Order.from_config(task.config), job_type=task.job_type)
        with demo_provider(context.log):
            outcome = sync.sync(task.dataset, order, session_of(context, resumes_paused=True))
    except AlreadyRunning as error:
        return Outcome(Status.SKIPPED, message=str(error))
    context.checkpoint()
    if outcome.exit_code == sync.PERMANENT:
        raise MarketDataError(outcome.reason)
    return Outcome(Status.PARTIAL if outcome.exit_code else Status.SUCCESS, outcome.as_json(), outcome.reason)


def _task(task_id: UUID | None) -> SyncTask | None:
    if task_id:
        return tasks.get(str(task_id))
    return SyncTask.objects.filter(status=SyncTask.Status.PAUSED).order_by("-updated_at").first()


def _start(task_id: str) -> str:
    declared = registry.find(NAME)
    if declared:
        installing.install(declared)
    return str(running.trigger_now(NAME, {"task_id": task_id}).id)


register_resume(_start)
