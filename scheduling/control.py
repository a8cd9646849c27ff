"""What people and programs do to jobs: one function for each verb of the API, the admin and the commands."""

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from scheduling import admission, beat_rows, calendars, chaining, clock, executions, registry
from scheduling.cron import check_cron
from scheduling.exceptions import ConfigurationError, JobAlreadyExists, JobNotFound
from scheduling.models import JobConfig, Pool
from scheduling.schedules import Cron, Interval, Schedule
from scheduling.transactions import answered

log = logging.getLogger(__name__)

LONGEST_INTERVAL_SECONDS = 366 * 86400
DISABLED_NOTE = "Disabled."


def get(job_id: str) -> JobConfig:
    """The job with its schedule. Raises JobNotFound."""
    config = beat_rows.with_schedules(JobConfig.objects.filter(job_id=job_id)).first()
    if config is None:
        raise JobNotFound(f"There is no job {job_id}.")
    return config


def cron(expression: str, timezone_name: str = registry.DEFAULT_TIMEZONE) -> Cron:
    """A checked cron schedule. Raises ConfigurationError."""
    expression = " ".join(expression.split())
    check_cron(expression, timezone_name)
    return Cron(expression, timezone_name)


def interval(seconds: int) -> Interval:
    """A checked interval that counts from now. Raises ConfigurationError."""
    if not 1 <= seconds <= LONGEST_INTERVAL_SECONDS:
        raise ConfigurationError(
            gettext("An interval lies between a second and a year; %(n)s seconds do not.") % {"n": seconds}, "interval"
        )
    return Interval(seconds, clock.now())


@answered()
def create(
    job_id: str, *, job_type: str = "", schedule: Schedule | None = None, enabled: bool = True, **fields: Any
) -> JobConfig:
    """A new job of a declared type, by default the one named like the job; `fields` are those of JobConfig.

    Raises JobAlreadyExists, or ConfigurationError for a value that cannot be.
    """
    if JobConfig.objects.filter(job_id=job_id).exists():
        raise JobAlreadyExists(f"There is a job {job_id} already.")
    declared = registry.find(job_type or job_id)
    if declared is None:
        raise ConfigurationError(f"No code declares a job {job_type or job_id}.", "job_type")
    values = {"job_name": declared.title, "job_kwargs": dict(declared.default_kwargs), **declared.policies, **fields}
    config = JobConfig(job_id=job_id, job_type=declared.name, schedule_since=clock.now())
    _assign(config, values)
    try:
        with transaction.atomic():
            config.save_edit()
    except IntegrityError as error:
        raise JobAlreadyExists(f"There is a job {job_id} already.") from error
    if schedule is not None:
        beat_rows.write(config, schedule, enabled=enabled)
    elif not enabled:
        config.pause(clock.now(), DISABLED_NOTE)
    log.info("%s: created, %s", job_id, _described(config))
    return config


@answered()
def update(job_id: str, **fields: Any) -> JobConfig:
    """Change fields of JobConfig. Raises JobNotFound or ConfigurationError."""
    config = _locked(job_id)
    _assign(config, fields)
    config.save_edit(*fields, columns=fields)
    log.info("%s: changed %s", job_id, ", ".join(fields))
    return config


def create_or_update(
    job_id: str, *, schedule: Schedule | None = None, enabled: bool | None = None, **fields: Any
) -> tuple[JobConfig, bool]:
    """The job with these values, and whether it is new; what is not given stays as it is."""
    if not JobConfig.objects.filter(job_id=job_id).exists():
        return create(job_id, schedule=schedule, enabled=enabled is not False, **fields), True
    with answered():
        fields.pop("job_type", None)
        config = update(job_id, **fields) if fields else _locked(job_id)
        if schedule is not None:
            set_schedule(job_id, schedule, enabled=enabled)
        elif enabled is not None:
            (enable if enabled else disable)(job_id)
        return get(config.job_id), False


@answered()
def set_schedule(job_id: str, schedule: Schedule | None, *, enabled: bool | None = None) -> JobConfig:
    """Give the job another schedule, or none; `enabled` stays as it is where it is not given."""
    config = _locked(job_id)
    is_on = config.enabled if enabled is None else enabled
    beat_rows.write(config, schedule, enabled=is_on)
    log.info("%s: scheduled, %s", job_id, _described(config))
    return config


def set_cron(
    job_id: str, expression: str, timezone_name: str = registry.DEFAULT_TIMEZONE, *, enabled: bool | None = None
) -> JobConfig:
    """Raises JobNotFound, or ConfigurationError for a cron expression that cannot be."""
    return set_schedule(job_id, cron(expression, timezone_name), enabled=enabled)


def set_interval(job_id: str, seconds: int, *, enabled: bool | None = None) -> JobConfig:
    """Raises JobNotFound, or ConfigurationError for an interval that cannot be."""
    return set_schedule(job_id, interval(seconds), enabled=enabled)


def enable(job_id: str) -> JobConfig:
    return _switch(job_id, True)


def disable(job_id: str) -> JobConfig:
    return _switch(job_id, False)


@answered()
def _switch(job_id: str, enabled: bool) -> JobConfig:
    config = _locked(job_id)
    if config.periodic_task is not None:
        beat_rows.set_enabled(config, enabled)
    elif enabled:
        config.resume()
    else:
        config.pause(clock.now(), DISABLED_NOTE)
    log.info("%s: %s", job_id, "enabled" if enabled else "disabled")
    return config


@answered()
def pause(job_id: str, note: str) -> JobConfig:
    """Skip the job's runs, each with this note as the reason, until it is resumed."""
    config = _locked(job_id)
    config.pause(clock.now(), note)
    log.info("%s: paused: %s", job_id, note)
    return config


@answered()
def resume(job_id: str) -> JobConfig:
    config = _locked(job_id)
    config.resume()
    log.info("%s: resumed", job_id)
    return config


@answered()
def delete(job_id: str) -> None:
    """Delete the job and its schedule, and cancel its open runs; its executions stay."""
    config = _locked(job_id)
    for execution in executions.active(job_id):
        executions.cancel(execution, "Cancelled: its job was deleted.")
    task = config.periodic_task
    config.delete()
    beat_rows.delete_rows(task)
    log.info("%s: deleted", job_id)


def _locked(job_id: str) -> JobConfig:
    config = admission.locked(job_id)
    if config is None:
        raise JobNotFound(f"There is no job {job_id}.")
    return config


def _assign(config: JobConfig, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        setattr(config, name, value)
    if config.declaration:
        config.declaration.check_kwargs(config.job_kwargs)
    if "calendar" in fields:
        calendars.check_known(config.calendar)
    chaining.check_run_after(config.job_id, config.run_after)
    try:
        config.clean_fields(exclude=["schedule_seen"])
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise ConfigurationError(f"{name}: {messages[0]}", name) from error
    if config.pool:
        Pool.objects.get_or_create(name=config.pool)


def _described(config: JobConfig) -> str:
    schedule = config.schedule
    when = schedule.sentence() if schedule else "without a schedule"
    return when if config.enabled else f"{when}, disabled"
