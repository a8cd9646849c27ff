"""From a due moment to an execution: once per moment, whatever asks for it and however often."""

import logging
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from scheduling import admission, beat_rows, calendars
from scheduling.models import Execution, JobConfig
from scheduling.models.execution import Trigger
from scheduling.models.job_config import CatchUp
from scheduling.schedules import Schedule, due_moments

log = logging.getLogger(__name__)

MISSES_COUNTED = 100


def dispatch(job_id: str) -> Execution | None:
    """Decide about the job's latest due moment; None where it has been decided about, or nothing is due."""
    try:
        return _dispatch(job_id)
    except IntegrityError:
        log.info("%s: another dispatcher was faster", job_id)
        return None


@transaction.atomic
def _dispatch(job_id: str) -> Execution | None:
    config = admission.locked(job_id)
    if config is None:
        log.warning("%s: there is no such job; its schedule should be deleted", job_id)
        return None
    beat_rows.note_change(config)
    due, schedule = due_moment(config), config.schedule
    if schedule is None:
        log.warning("%s: beat sends it, but it has neither a cron nor an interval schedule; it never runs", job_id)
    if due is None or schedule is None:
        return None
    missed = _missed_before(schedule, _decided_until(config), due)
    config.dispatched_until = due
    config.save(update_fields=["dispatched_until"])
    if Execution.objects.filter(job_id=job_id, scheduled_for=due).exists():
        return None
    reason = admission.why_not(config) or _closed(config, due) or _too_late(config, due, missed)
    reason = reason or admission.overlap_reason(config)
    return admission.admit(config, Trigger.SCHEDULE, config.job_kwargs, reason, scheduled_for=due)


def due_moment(config: JobConfig) -> datetime | None:
    """The latest due moment that nobody has decided about yet."""
    schedule, decided_until, now = config.schedule, _decided_until(config), timezone.now()
    # Looking back takes many steps; of thousands of jobs few are due.
    if schedule is None or schedule.next_after(decided_until) > now:
        return None
    due = schedule.latest(now)
    if due is None or due <= decided_until or not beat_rows.is_in_force(config, due):
        return None
    return due


def _decided_until(config: JobConfig) -> datetime:
    return max(config.schedule_since, config.dispatched_until or config.schedule_since)


def _missed_before(schedule: Schedule, since: datetime, due: datetime) -> int:
    """How many moments between these went by, up to MISSES_COUNTED."""
    return sum(moment < due for moment in islice(due_moments(schedule, since), MISSES_COUNTED))


def _closed(config: JobConfig, due: datetime) -> str:
    if not config.calendar:
        return ""
    day = due.astimezone(ZoneInfo(config.timezone)).date()
    try:
        return "" if calendars.is_open(config.calendar, day) else f"{day} is a closed day of {config.calendar}."
    except KeyError:
        log.warning("%s: nobody knows the calendar %s; the job runs every day", config.job_id, config.calendar)
        return ""


def _too_late(config: JobConfig, due: datetime, missed: int) -> str:
    late = timezone.now() - due
    if late <= timedelta(seconds=settings.SCHEDULING_GRACE_SECONDS) or config.catch_up == CatchUp.LATEST:
        return ""
    if config.catch_up == CatchUp.WINDOW and late <= timedelta(seconds=config.catch_up_window_seconds):
        return ""
    return f"Missed: nothing was there to start it for {late.total_seconds():.0f} seconds" + (
        f", nor for {missed} runs before it." if missed else "."
    )
