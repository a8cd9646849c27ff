"""Whether a run that is asked for may join the queue."""

import logging
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from scheduling import beat_rows, executions, waking
from scheduling.context import Status
from scheduling.models import Execution, JobConfig
from scheduling.models.execution import Trigger
from scheduling.models.job_config import Overlap

log = logging.getLogger(__name__)


def locked(job_id: str) -> JobConfig | None:
    """The job's config, with its schedule, locked until the transaction ends; None where there is none."""
    return _with_schedule(job_id).select_for_update(of=("self",)).first()


def locked_now(job_id: str) -> JobConfig | None:
    """The same without waiting: None also where another transaction holds it."""
    return _with_schedule(job_id).select_for_update(of=("self",), skip_locked=True).first()


def _with_schedule(job_id: str) -> QuerySet[JobConfig]:
    return beat_rows.with_schedules(JobConfig.objects.filter(job_id=job_id))


def admit(config: JobConfig, trigger: Trigger, kwargs: dict[str, Any], reason: str = "", **fields: Any) -> Execution:
    """Create a run of a locked job: queued, or skipped where there is a reason."""
    execution = executions.create(config, trigger, kwargs, **fields)
    if reason:
        executions.skip(execution, reason)
        execution.refresh_from_db()
        log.log(logging.WARNING if config.declaration is None else logging.INFO, "%s: %s", config.job_id, reason)
    else:
        transaction.on_commit(lambda: waking.wake(execution.queue))
    return execution


def why_not(config: JobConfig) -> str:
    """Why no run of the job may start by itself; empty where one may."""
    if config.declaration is None:
        return f"No code declares the job {config.job_type}; the application that did may have been removed."
    if config.paused_at:
        return f"Paused: {config.pause_note or 'no note was left'}"
    return ""


def overlap_reason(config: JobConfig) -> str:
    """Why the job's overlap policy refuses another run; empty where it does not. May cancel the other run."""
    active = list(executions.active(config.job_id).order_by("queued_at"))
    if not active or config.overlap == Overlap.ALLOW:
        return ""
    if config.overlap == Overlap.CANCEL_OTHER:
        for execution in active:
            executions.cancel(execution, "Cancelled for a newer run.")
        return ""
    queued = [execution for execution in active if execution.status == Status.QUEUED]
    if config.overlap == Overlap.QUEUE_ONE and not queued:
        return ""
    other = (queued if config.overlap == Overlap.QUEUE_ONE else active)[0]
    return f"Run {other.id} of this job is {other.status.lower()} still."
