"""From a due moment to an execution: once per moment, whatever asks for it and however often."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError

from scheduling import admission, beat_rows, clock, misses
from scheduling.models import Execution, JobConfig
from scheduling.models.execution import Trigger
from scheduling.models.job_config import CatchUp
from scheduling.transactions import bounded

log = logging.getLogger(__name__)


class Busy(Exception):
    """Another transaction holds the job; whoever sweeps asks again."""


def dispatch(job_id: str) -> Execution | None:
    """Decide about the job's latest due moment; None where it has been decided about, or nothing is due.

    Raises Busy where another transaction holds the job.
    """
    try:
        return _dispatch(job_id)
    except IntegrityError:
        log.info("%s: another dispatcher was faster", job_id)
        return None


@bounded()
def _dispatch(job_id: str) -> Execution | None:
    config, now = admission.locked_now(job_id), clock.now()
    if config is None:
        if JobConfig.objects.filter(job_id=job_id).exists():
            raise Busy
        log.warning("%s: there is no such job; its schedule should be deleted", job_id)
        return None
    beat_rows.note_change(config, now)
    since, due = _decided_until(config, now), due_moment(config, now)
    if config.schedule is None:
        log.warning("%s: beat sends it, but it has neither a cron nor an interval schedule; it never runs", job_id)
    if due is None:
        return None
    config.dispatched_until = due
    config.save(update_fields=["dispatched_until"])
    if _is_decided(config, due):
        return None
    return _decide(config, since, due, now)


def _decide(config: JobConfig, since: datetime, due: datetime, now: datetime) -> Execution:
    """A run for the due moment, or a record that says why there is none; and one record of those missed before it."""
    refusal = admission.why_not(config) or misses.closed(config, due)
    is_missed = not refusal and _is_missed(config, due, now)
    missed = misses.between(config, since, due, inclusive=is_missed)
    reason = refusal or (missed.told() if missed and is_missed else "") or admission.overlap_reason(config)
    if missed and reason and not is_missed:
        reason = f"{reason} {missed.told()}"
    elif missed and not reason and not _is_decided(config, missed.last):
        admission.admit(config, Trigger.SCHEDULE, config.job_kwargs, missed.told(), scheduled_for=missed.last)
    return admission.admit(config, Trigger.SCHEDULE, config.job_kwargs, reason, scheduled_for=due)


def due_moment(config: JobConfig, now: datetime) -> datetime | None:
    """The latest due moment that nobody has decided about yet."""
    schedule, decided_until = config.schedule, _decided_until(config, now)
    # Looking back takes many steps; of thousands of jobs few are due.
    if schedule is None or schedule.next_after(decided_until) > now:
        return None
    due = schedule.latest(now)
    if due is None or due <= decided_until or not beat_rows.is_in_force(config, due):
        return None
    return due


def _decided_until(config: JobConfig, now: datetime) -> datetime:
    until = config.dispatched_until
    if until and until > now + clock.SLACK:
        # A clock that was wrong has written it; what was really decided about is in the records.
        decided = Execution.objects.filter(job_id=config.job_id, scheduled_for__lte=now)
        until = decided.order_by("-scheduled_for").values_list("scheduled_for", flat=True).first()
    return max(config.schedule_since, until or config.schedule_since)


def _is_decided(config: JobConfig, moment: datetime) -> bool:
    return Execution.objects.filter(job_id=config.job_id, scheduled_for=moment).exists()


def _is_missed(config: JobConfig, due: datetime, now: datetime) -> bool:
    """Whether it is too late to run for this moment, by the job's policy."""
    late = now - due
    if late <= timedelta(seconds=settings.SCHEDULING_GRACE_SECONDS) or config.catch_up == CatchUp.LATEST:
        return False
    return config.catch_up != CatchUp.WINDOW or late > timedelta(seconds=config.catch_up_window_seconds)
