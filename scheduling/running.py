"""What people and programs do to runs: start one, in a worker or here, end it, run it again."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError

from scheduling import admission, executions, runner
from scheduling.exceptions import ConfigurationError, ExecutionError, ExecutionNotFound, ExecutionRefused, JobNotFound
from scheduling.models import Execution, JobConfig
from scheduling.models.execution import Trigger
from scheduling.transactions import answered

log = logging.getLogger(__name__)


def get_execution(execution_id: str | UUID) -> Execution:
    """Raises ExecutionNotFound."""
    try:
        return Execution.objects.get(id=execution_id)
    except (Execution.DoesNotExist, ValidationError) as error:
        raise ExecutionNotFound(f"There is no execution {execution_id}.") from error


@answered()
def trigger_now(job_id: str, kwargs: Mapping[str, Any] | None = None, idempotency_key: str | None = None) -> Execution:
    """Queue a run, whether the job is enabled, paused or neither; `kwargs` go over the job's own.

    The same key gives the same execution again. Raises JobNotFound, ConfigurationError for kwargs that do not fit,
    or ExecutionRefused by the overlap policy.
    """
    config = _runnable(job_id)
    known = Execution.objects.filter(job_id=job_id, idempotency_key=idempotency_key).first()
    if idempotency_key and known:
        return known
    merged = _fitting(config, kwargs)
    _refuse_overlap(config)
    execution = admission.admit(config, Trigger.MANUAL, merged, idempotency_key=idempotency_key or None)
    log.info("%s: %s was asked for by hand", job_id, execution.id)
    return execution


def run_here(job_id: str, kwargs: Mapping[str, Any] | None = None) -> Execution:
    """Run the job now in this process and give its record, whatever the end; raises like `trigger_now`."""
    with answered():
        config = _runnable(job_id)
        merged = _fitting(config, kwargs)
        _refuse_overlap(config)
        execution = executions.create(config, Trigger.COMMAND, merged)
        if not executions.claim(execution):
            raise ExecutionRefused(f"{job_id} cannot start now: a run of it, or of its pool {config.pool!r}, goes on.")
    # A failure is in the record and in the log by now.
    with suppress(Exception):
        runner.execute(execution)
    execution.refresh_from_db()
    return execution


def cancel(execution_id: str | UUID) -> Execution:
    """End a queued run at once, and a running one at its next checkpoint. Raises ExecutionError for an ended one."""
    execution = get_execution(execution_id)
    with answered():
        is_told = executions.cancel(execution, "Cancelled by a person.")
    if not is_told:
        raise ExecutionError(f"Execution {execution.id} has ended already; there is nothing to cancel.")
    execution.refresh_from_db()
    log.info("%s: %s was cancelled by a person", execution.job_id, execution.id)
    return execution


@answered()
def retry(execution_id: str | UUID) -> Execution:
    """Queue a new run with the kwargs of an ended one. Raises ExecutionError for one that goes on."""
    ended = get_execution(execution_id)
    if ended.status in executions.ACTIVE:
        raise ExecutionError(f"Execution {ended.id} has not ended; cancel it or wait.")
    config = _runnable(ended.job_id)
    _refuse_overlap(config)
    return admission.admit(config, Trigger.RETRY, ended.kwargs, retry_of=ended)


def _runnable(job_id: str) -> JobConfig:
    config = admission.locked(job_id)
    if config is None:
        raise JobNotFound(f"There is no job {job_id}.")
    if config.declaration is None:
        raise JobNotFound(f"No code declares the job {config.job_type}.")
    return config


def _fitting(config: JobConfig, kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise ConfigurationError("The kwargs are not a JSON object.", "job_kwargs")
    merged = {**config.job_kwargs, **(kwargs or {})}
    if config.declaration:
        config.declaration.check_kwargs(merged)
    return merged


def _refuse_overlap(config: JobConfig) -> None:
    if reason := admission.overlap_reason(config):
        raise ExecutionRefused(reason)
