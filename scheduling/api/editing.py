"""Jobs made and changed through the interface."""

import json
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from scheduling import admission, control, registry
from scheduling.api import presenting, template_kwargs
from scheduling.api.requests import JobChange, NewJob, split
from scheduling.cron import check_timezone
from scheduling.exceptions import ConfigurationError, JobNotFound, LostEdit, NotAsSeen
from scheduling.models import JobConfig
from scheduling.registry import Job
from scheduling.schedules import Schedule
from scheduling.transactions import answered

# The part of a job that a field belongs to; all others are arguments.
PARTS = {"name": "job_name", "is_active": "enabled", "timezone": "schedule"}
READ_ONLY = frozenset(presenting.JobSerializer().fields) - frozenset(JobChange().fields)
WHEN = ("schedule_time", "cron_expression", "interval_minutes")
PARTS |= dict.fromkeys(WHEN, "schedule")


def create(given: Mapping[str, Any]) -> JobConfig:
    """A new job, by default of the type that settings name. Raises what `control.create` raises."""
    fields, arguments = split(given, NewJob)
    declared = _type_of(fields)
    if declared.is_template and "name" not in fields:
        raise ConfigurationError("name: This field is required.", "name")
    return control.create(
        fields.get("job_id") or (str(uuid.uuid4()) if declared.is_template else declared.name),
        job_type=declared.name,
        job_name=fields.get("name", declared.title),
        job_kwargs=_kwargs(declared, declared.default_kwargs, fields.get("job_kwargs"), arguments),
        schedule=_schedule(fields, declared.default_timezone, declared.default_cron),
        enabled=fields.get("is_active", True),
    )


def _type_of(fields: Mapping[str, Any]) -> Job:
    job_id = fields.get("job_id", "")
    name = fields.get("job_type") or (job_id if registry.find(job_id) else settings.SCHEDULING_DEFAULT_JOB_TYPE)
    declared = registry.find(name)
    if declared is None:
        raise ConfigurationError(f"No code declares a job {name}.", "job_type")
    return declared


@answered()
def change(job_id: str, given: Mapping[str, Any], seen_at: datetime | None = None) -> None:
    """Change what differs from the job as it is shown: whoever sends a whole job back changes what was edited in it.

    Raises JobNotFound or ConfigurationError; LostEdit where somebody else has edited one of these fields after the
    `updated_at` that comes with them; and NotAsSeen where the job was edited at all after `seen_at`.
    """
    config = admission.locked(job_id)
    if config is None:
        raise JobNotFound(f"There is no job {job_id}.")
    shown = presenting.as_json(config)
    changes = _changes(shown, given)
    fields, arguments = split(changes, JobChange)
    if seen_at and seen_at != config.updated_at:
        raise NotAsSeen(_edited_since(config, shown, _parts_edited(config, seen_at), shown))
    read_at = fields.pop("updated_at", None)
    edited = _parts_edited(config, read_at) if read_at else set()
    if edited & {_part(name) for name in changes}:
        raise LostEdit(_edited_since(config, shown, edited, changes))
    values = {"job_name": fields["name"]} if "name" in fields else {}
    if "job_kwargs" in fields or arguments:
        values["job_kwargs"] = _kwargs(config.declaration, config.job_kwargs, fields.get("job_kwargs"), arguments)
    if values:
        control.update(job_id, **values)
    if fields.keys() & {*WHEN, "timezone"}:
        schedule = _schedule(fields, config.timezone, config.cron_expression or "")
        control.set_schedule(job_id, schedule or config.schedule)
    if "is_active" in fields:
        (activate if fields["is_active"] else control.disable)(job_id)


def _part(name: str) -> str:
    return PARTS.get(name, "job_kwargs")


def _parts_edited(config: JobConfig, after: datetime) -> set[str]:
    return {part for part, moment in config.edited.items() if datetime.fromisoformat(moment) > after}


def _edited_since(config: JobConfig, shown: Mapping[str, Any], parts: set[str], names: Iterable[str]) -> str:
    """What changed in between, of these fields, in a sentence."""
    now = [f"{name} is now {json.dumps(shown.get(name))}" for name in names if _is_of(name, parts, config)]
    what = f": {', '.join(now)}" if now else ""
    return f"{config.job_id} was edited since you read it{what}. Nothing was changed; read it again and repeat yours."


def _is_of(name: str, parts: set[str], config: JobConfig) -> bool:
    is_field = name in PARTS or name == "job_kwargs" or name in config.job_kwargs
    return is_field and _part(name) in parts


def _changes(shown: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    differing = {name: value for name, value in given.items() if name not in shown or shown[name] != value}
    return {name: value for name, value in differing.items() if name not in READ_ONLY}


def _kwargs(
    declared: Job | None, before: Mapping[str, Any], given: Mapping[str, Any] | None, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """A template's arguments change one by one, null bringing a default back; those of others are replaced."""
    if declared and declared.is_template:
        merged = {**before, **(given or {}), **arguments}
        return template_kwargs.checked(declared, {name: value for name, value in merged.items() if value is not None})
    for name in arguments:
        raise ConfigurationError(f"{name}: This job has no such field; its arguments belong into job_kwargs.", name)
    return dict(before if given is None else given)


@answered()
def put_on(job_id: str, schedule: Schedule) -> JobConfig:
    """Give the job this schedule, switch it on, and end its pause. Raises JobNotFound."""
    config = control.set_schedule(job_id, schedule, enabled=True)
    return control.resume(job_id) if config.paused_at else config


@answered()
def activate(job_id: str) -> None:
    """Switch the job on, and end its pause. Raises JobNotFound."""
    if control.enable(job_id).paused_at:
        control.resume(job_id)


def _schedule(fields: Mapping[str, Any], timezone: str, expression: str) -> Schedule | None:
    """The schedule that the fields ask for, over the time zone and cron expression of before; None for no other."""
    given = [name for name in WHEN if name in fields]
    if len(given) > 1:
        raise ConfigurationError(f"{given[0]} and {given[1]} contradict each other; give one of them.", given[1])
    timezone = fields.get("timezone", timezone)
    check_timezone(timezone)
    if "interval_minutes" in fields:
        return control.interval(fields["interval_minutes"] * 60)
    if "schedule_time" in fields:
        hour, minute = fields["schedule_time"].split(":")
        expression = f"{int(minute)} {int(hour)} * * *"
    expression = fields.get("cron_expression", expression)
    return control.cron(expression, timezone) if expression else None
