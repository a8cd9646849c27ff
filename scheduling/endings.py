"""What follows from the end of a run: a retry, a pause after too many failures, the jobs that come after it."""

import logging
from datetime import timedelta

from django.db.models import F

from scheduling import clock, executions
from scheduling.context import Status
from scheduling.models import Execution, JobConfig
from scheduling.models.execution import Trigger
from scheduling.transactions import bounded

log = logging.getLogger(__name__)

COUNTED = (Status.SUCCESS, Status.PARTIAL, Status.FAILED, Status.LOST)


def fail(execution: Execution, message: str, *, may_retry: bool = True) -> None:
    """End a failed attempt: as another one later where the job has retries left, else as FAILED."""
    config = JobConfig.objects.filter(job_id=execution.job_id).first()
    # A person who runs it by hand has the answer now.
    may_retry = may_retry and execution.trigger != Trigger.COMMAND
    if config and may_retry and execution.failures < config.max_retries:
        again_at = clock.now() + _backoff(config, execution.failures)
        text = f"Attempt {execution.attempt} failed: {message} The next one starts after {again_at:%H:%M:%S %Z}."
        executions.requeue(execution, text, not_before=again_at, failures=F("failures") + 1, error_message=message)
        log.warning("%s: %s", execution.job_id, text)
    elif executions.finish(execution, Status.FAILED, message, failures=F("failures") + 1):
        log.error("%s: %s failed: %s", execution.job_id, execution.id, message)
        pause_after_failures(execution.job_id)


def lose(execution: Execution, how: str = "vanished") -> None:
    """Put a run whose worker is gone back in the queue; one that loses every worker ends as LOST.

    Only while its lease is the one that was read: a worker that has renewed it since is there.
    """
    if _lose(execution, how):
        pause_after_failures(execution.job_id)


@bounded()
def _lose(execution: Execution, how: str) -> bool:
    """Whether it is given up."""
    if not executions.lockable(executions.owned(execution).filter(lease_until=execution.lease_until)):
        return False
    text = f"Worker {execution.worker} {how} in attempt {execution.attempt}."
    config = JobConfig.objects.filter(job_id=execution.job_id).first()
    if execution.cancel_requested_at:
        executions.finish(execution, Status.CANCELLED, f"Cancelled. {text}")
    elif config and execution.losses + 1 < config.max_losses:
        if executions.requeue(execution, f"{text} Queued again.", losses=F("losses") + 1):
            log.warning("%s: %s %s Queued again.", execution.job_id, execution.id, text)
    elif executions.finish(execution, Status.LOST, f"{text} Given up.", losses=F("losses") + 1):
        log.error("%s: %s %s Given up.", execution.job_id, execution.id, text)
        return True
    return False


@bounded()
def pause_after_failures(job_id: str) -> None:
    """Pause a job whose latest runs, as many as it allows, all failed."""
    jobs = JobConfig.objects.filter(job_id=job_id, paused_at=None, pause_after_failures__gt=0)
    config = jobs.select_for_update(skip_locked=True).first()
    if config is None:
        return
    limit = config.pause_after_failures or 0
    ended = Execution.objects.filter(job_id=job_id, status__in=COUNTED).order_by("-finished_at")
    latest = list(ended.values_list("status", flat=True)[:limit])
    if len(latest) == limit and not {Status.SUCCESS, Status.PARTIAL} & set(latest):
        note = f"Paused by itself after {limit} failures in a row."
        config.pause(clock.now(), note)
        log.error("%s: %s", job_id, note)


def _backoff(config: JobConfig, failures: int) -> timedelta:
    return min(timedelta(seconds=config.backoff_seconds * 2 ** min(failures, 20)), executions.LONGEST_BACKOFF)
