"""The only place that touches django-celery-beat's tables: when a job runs is stored there and nowhere else."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, transaction
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from scheduling import clock
from scheduling.cron import FIELDS, split_cron
from scheduling.exceptions import ConfigurationError
from scheduling.schedules import Cron, Interval, Schedule
from scheduling.transactions import bounded

if TYPE_CHECKING:
    from scheduling.models import JobConfig

log = logging.getLogger(__name__)

DISPATCH = "scheduling.dispatch"
SECONDS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1, "microseconds": 1e-6}


def read(config: "JobConfig") -> Schedule | None:
    """The job's schedule, enabled or not; None for one that has none, or one of a kind that is not ours."""
    task = config.periodic_task
    if task is None:
        return None
    if task.crontab:
        return Cron(" ".join(getattr(task.crontab, name) for name in FIELDS), str(task.crontab.timezone))
    if task.interval:
        return _interval(task.interval.every, task.interval.period, config.schedule_since)
    return None


def read_all(configs: "QuerySet[JobConfig]", *columns: str) -> Iterator[tuple[list[Any], Schedule]]:
    """These columns of the jobs with the schedules that are on. Thousands are read without a model for each."""
    task = "periodic_task__"
    interval = (f"{task}interval__every", f"{task}interval__period", "schedule_since")
    crontab = (f"{task}crontab__{name}" for name in FIELDS)
    # The column's own type makes a time zone of each.
    zone = Cast(f"{task}crontab__timezone", TextField())
    rows = configs.filter(periodic_task__enabled=True).values_list(*interval, zone, *crontab, *columns)
    for every, period, since, timezone_name, *rest in rows:
        fields, values = rest[: len(FIELDS)], rest[len(FIELDS) :]
        if every:
            yield values, _interval(every, period, since)
        elif timezone_name:
            yield values, Cron(" ".join(fields), timezone_name)


def _interval(every: int, period: str, since: datetime) -> Interval:
    return Interval(max(int(every * SECONDS[period]), 1), since)


@bounded()
def write(config: "JobConfig", schedule: Schedule | None, *, enabled: bool) -> None:
    """Give the job this schedule, in rows of its own. `config` is saved; no schedule removes its rows."""
    if schedule is None:
        remove(config)
        return
    task = config.periodic_task or PeriodicTask(
        name=config.job_id, task=DISPATCH, args=json.dumps([config.job_id]), description=config.job_name
    )
    if task.pk is None and PeriodicTask.objects.filter(name=config.job_id).exists():
        raise ConfigurationError(f"Beat has a periodic task called {config.job_id} that is not ours.", "job_id")
    before = [task.crontab, task.interval]
    task.crontab = _own_crontab(task, schedule) if isinstance(schedule, Cron) else None
    task.interval = _own_interval(task, schedule) if isinstance(schedule, Interval) else None
    task.enabled = enabled
    # A whole row would bring back the last_run_at of when it was read.
    changed = None if task.pk is None else ["crontab", "interval", "enabled", "date_changed"]
    task.save(update_fields=changed)
    for row in before:
        if row and row not in (task.crontab, task.interval):
            _delete_unused(row)
    config.periodic_task = task
    config.schedule_since = clock.now()
    config.schedule_seen = fingerprint(config)
    config.save_edit("schedule", "enabled")
    _tell_beat()


def set_enabled(config: "JobConfig", enabled: bool) -> None:
    """Switch a job that has a schedule row on or off."""
    task = config.periodic_task
    if task is None:
        raise ConfigurationError(f"{config.job_id} has no schedule to switch on or off.", "enabled")
    task.enabled = enabled
    task.save(update_fields=["enabled", "date_changed"])
    note_change(config, clock.now())
    _tell_beat()


@bounded()
def remove(config: "JobConfig") -> None:
    """Delete the job's schedule; the job stays, without one."""
    task, config.periodic_task = config.periodic_task, None
    config.schedule_since = clock.now()
    config.schedule_seen = ""
    config.save_edit("schedule", "enabled")
    delete_rows(task)


@bounded()
def delete_rows(task: PeriodicTask | None) -> None:
    """Delete the rows of a job that is gone: the task, then its schedule, which would take the task with it."""
    if task is None:
        return
    rows = [row for row in (task.crontab, task.interval) if row]
    task.delete()
    for row in rows:
        _delete_unused(row)
    _tell_beat()


def fingerprint(config: "JobConfig") -> str:
    """The schedule and whether it is on, as text to compare."""
    task = config.periodic_task
    if task is None:
        return ""
    values = [f"solar {task.solar_id} clocked {task.clocked_id}"]
    if task.crontab:
        values = [str(getattr(task.crontab, name)) for name in (*FIELDS, "timezone")]
    elif task.interval:
        values = [str(task.interval.every), task.interval.period]
    return " ".join([*values, "on" if task.enabled else "off"])


def note_change(config: "JobConfig", now: datetime) -> None:
    """Where somebody has changed the schedule, on whatever page, let it count from that change on.

    A beginning that lies ahead was written by a clock that was wrong; it counts from now on. A job that another
    transaction holds is left to the next one who asks.
    """
    seen, is_void = fingerprint(config), config.schedule_since > now + clock.SLACK
    if seen == config.schedule_seen and not is_void:
        return
    changed_at = PeriodicTasks.last_change()
    # A silent QuerySet.update leaves no time behind; then the change is as new as its discovery.
    is_dated = changed_at and config.schedule_since < changed_at < now
    with bounded():
        if not type(config).objects.select_for_update(skip_locked=True).filter(pk=config.pk).values_list("pk"):
            return
        config.schedule_seen, config.schedule_since = seen, changed_at if is_dated else now
        parts = [] if is_void else ["schedule", "enabled"]
        config.save_edit(*parts, columns=["schedule_seen", "schedule_since"])
    if is_void:
        log.warning("%s: its schedule counted from a moment ahead of the database's clock; now from now on", config)


def date_by_database(sender: object, instance: PeriodicTasks, **kwargs: object) -> None:
    """Let beat's note of the latest edit bear the database's time, whichever host makes the edit."""
    instance.last_update = clock.now()


def is_in_force(config: "JobConfig", moment: datetime) -> bool:
    """Whether the job is on at a moment: enabled, and within the start and the expiry that beat's page can set."""
    task = config.periodic_task
    if task is None or not task.enabled:
        return False
    return not ((task.start_time and moment < task.start_time) or (task.expires and moment >= task.expires))


def with_schedules(configs: "QuerySet[JobConfig]") -> "QuerySet[JobConfig]":
    """The same configs, read together with their schedules."""
    return configs.select_related("periodic_task__crontab", "periodic_task__interval")


def _own_crontab(task: PeriodicTask, schedule: Cron) -> CrontabSchedule:
    row = task.crontab if _is_own(task.crontab) else CrontabSchedule()
    for name, value in split_cron(schedule.expression).items():
        setattr(row, name, value)
    row.timezone = schedule.timezone
    row.save()
    return row


def _own_interval(task: PeriodicTask, schedule: Interval) -> IntervalSchedule:
    row = task.interval if _is_own(task.interval) else IntervalSchedule()
    row.every, row.period = _in_largest_unit(schedule.seconds)
    row.save()
    return row


def _in_largest_unit(seconds: int) -> tuple[int, str]:
    for unit in ("days", "hours", "minutes"):
        if seconds % SECONDS[unit] == 0:
            return int(seconds // SECONDS[unit]), unit
    return seconds, "seconds"


def _is_own(row: CrontabSchedule | IntervalSchedule | None) -> bool:
    return row is not None and row.periodictask_set.count() <= 1


def _delete_unused(row: CrontabSchedule | IntervalSchedule) -> None:
    """Deleting a schedule row deletes every task that still uses it."""
    if not row.periodictask_set.exists():
        row.delete()


def _tell_beat() -> None:
    # Once more after the commit: the time written within it may be older than one that beat has seen already.
    transaction.on_commit(_note_latest_edit)


def _note_latest_edit() -> None:
    """Whoever has edited is done by now, and does not wait for somebody who hangs."""
    try:
        with bounded():
            PeriodicTasks.update_changed()
    except OperationalError as error:
        log.warning("Beat may take up an edit five minutes late: %s", error)
