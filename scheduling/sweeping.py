"""What makes up for everything that can be lost: workers, messages, beat. Run every few seconds."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import OperationalError
from django.db.models import Q, QuerySet

from scheduling import beat_rows, chaining, clock, dispatching, endings, executions, leases, waking
from scheduling.context import Status
from scheduling.exceptions import ConfigurationError
from scheduling.models import Execution, JobConfig, Lease
from scheduling.transactions import bounded, is_lock_timeout

log = logging.getLogger(__name__)

CATCH_UP = "catch up"
CATCH_UP_EVERY_SECONDS = 20
SWEPT = "swept"
SETTLING = "settling"


def sweep() -> None:
    """Requeue runs of vanished workers, dispatch what beat missed, tell what is late, wake who has work.

    A row that another transaction holds is left for the next sweep, and the others go on.
    """
    now = clock.now()
    if _is_steady(now):
        _reap(now)
    _skip_stale(now)
    _mark_overdue(now)
    for execution in Execution.objects.filter(followers_due=True):
        _unless_held(execution, partial(chaining.start_followers, execution))
    if leases.take_turn(CATCH_UP, CATCH_UP_EVERY_SECONDS):
        catch_up()
    for queue in executions.ready().values_list("queue", flat=True).order_by("queue").distinct():
        waking.wake(queue)


def _unless_held(thing: object, work: Callable[[], object]) -> None:
    try:
        work()
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        log.warning("%s: another transaction holds it; the next sweep tries again", thing)


def _is_steady(now: datetime) -> bool:
    """False for a while after a gap in the sweeps: the database was away, and runs that live renew their leases now."""
    gap = max(executions.lease() / 2, timedelta(seconds=2 * settings.SCHEDULING_SWEEP_SECONDS))
    had_gap = Lease.objects.filter(name=SWEPT, until__lt=now - gap).exists()
    # Sweeps that always come late are no gap to wait for a second time.
    lately = Q(until__gt=now - 2 * gap, until__lte=now + gap + clock.SLACK)
    if had_gap and not Lease.objects.filter(lately, name=SETTLING).exists():
        leases.hold(SETTLING, SWEPT, gap.total_seconds())
    leases.hold(SWEPT, SWEPT, 0)
    return not leases.is_held(SETTLING)


def _reap(now: datetime) -> None:
    for execution in Execution.objects.filter(status=Status.RUNNING):
        length = timedelta(seconds=execution.lease_seconds or settings.SCHEDULING_LEASE_SECONDS)
        if execution.lease_until and clock.is_over(execution.lease_until, length, now):
            _unless_held(execution, partial(endings.lose, execution))


def _skip_stale(now: datetime) -> None:
    for execution in Execution.objects.filter(status=Status.QUEUED, attempt=0, start_by__lt=now):
        reason = f"It could not start by {execution.start_by:%Y-%m-%d %H:%M:%S %Z}."
        _unless_held(execution, partial(executions.skip, execution, reason))


def _mark_overdue(now: datetime) -> None:
    late = Q(status__in=executions.ACTIVE, overdue_at=None, finish_by__lt=now)
    for execution in Execution.objects.filter(late):
        if _mark(Execution.objects.filter(late, id=execution.id), now):
            log.error(
                "%s: %s is overdue; it should have ended by %s", execution.job_id, execution.id, execution.finish_by
            )


@bounded()
def _mark(late: QuerySet[Execution], now: datetime) -> bool:
    return executions.lockable(late) and bool(late.update(overdue_at=now))


def catch_up() -> None:
    """Dispatch every job whose due moment has passed without a decision, as when its message was lost."""
    now = clock.now()
    for config in beat_rows.with_schedules(JobConfig.objects.exclude(periodic_task=None)):
        try:
            beat_rows.note_change(config, now)
            if dispatching.due_moment(config, now):
                dispatching.dispatch(config.job_id)
        except dispatching.Busy:
            ask_again(config.job_id)
        except (ConfigurationError, ValueError) as error:
            # A schedule that cannot be, written past every check: the other jobs go on.
            log.warning("%s cannot be scheduled: %s", config.job_id, error)


def ask_again(job_id: str) -> None:
    """Let the next sweep decide about a job that another transaction holds now, and not only the next turn."""
    log.warning("%s: another transaction holds it; the next sweep tries again", job_id)
    leases.release(CATCH_UP, "")
