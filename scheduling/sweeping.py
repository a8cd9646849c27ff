"""What makes up for everything that can be lost: workers, messages, beat. Run every few seconds."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from scheduling import beat_rows, dispatching, endings, executions, leases, notifying, waking
from scheduling.context import Status
from scheduling.exceptions import ConfigurationError
from scheduling.models import Execution, JobConfig, Lease

log = logging.getLogger(__name__)

CATCH_UP = "catch up"
CATCH_UP_EVERY_SECONDS = 20
NOTIFY = "notify"
NOTIFY_EVERY_SECONDS = 30
SWEPT = "swept"
SETTLING = "settling"


def sweep() -> None:
    """Requeue runs of vanished workers, dispatch what beat missed, tell what is late, wake who has work."""
    if _is_steady():
        _reap()
    _skip_stale()
    _mark_overdue()
    if leases.take_turn(CATCH_UP, CATCH_UP_EVERY_SECONDS):
        catch_up()
    if settings.NOTIFY_URLS and leases.take_turn(NOTIFY, NOTIFY_EVERY_SECONDS):
        notifying.notify_in_background()
    for queue in executions.ready().values_list("queue", flat=True).order_by("queue").distinct():
        waking.wake(queue)


def _is_steady() -> bool:
    """False for a while after a gap in the sweeps: the database was away, and runs that live renew their leases now."""
    now = timezone.now()
    gap = max(executions.lease() / 2, timedelta(seconds=2 * settings.SCHEDULING_SWEEP_SECONDS))
    had_gap = Lease.objects.filter(name=SWEPT, until__lt=now - gap).exists()
    # Sweeps that always come late are no gap to wait for a second time.
    if had_gap and not Lease.objects.filter(name=SETTLING, until__gt=now - 2 * gap).exists():
        leases.hold(SETTLING, SWEPT, gap.total_seconds())
    leases.hold(SWEPT, SWEPT, 0)
    return not leases.is_held(SETTLING)


def _reap() -> None:
    for execution in Execution.objects.filter(status=Status.RUNNING, lease_until__lt=timezone.now()):
        endings.lose(execution)


def _skip_stale() -> None:
    for execution in Execution.objects.filter(status=Status.QUEUED, attempt=0, start_by__lt=timezone.now()):
        executions.skip(execution, f"It could not start by {execution.start_by:%Y-%m-%d %H:%M:%S %Z}.")


def _mark_overdue() -> None:
    now = timezone.now()
    late = Q(status__in=executions.ACTIVE, overdue_at=None, finish_by__lt=now)
    for execution in Execution.objects.filter(late):
        if Execution.objects.filter(late, id=execution.id).update(overdue_at=now):
            log.error(
                "%s: %s is overdue; it should have ended by %s", execution.job_id, execution.id, execution.finish_by
            )


def catch_up() -> None:
    """Dispatch every job whose due moment has passed without a decision, as when its message was lost."""
    for config in beat_rows.with_schedules(JobConfig.objects.exclude(periodic_task=None)):
        try:
            beat_rows.note_change(config)
            if dispatching.due_moment(config):
                dispatching.dispatch(config.job_id)
        except (ConfigurationError, ValueError) as error:
            # A schedule that cannot be, written past every check: the other jobs go on.
            log.warning("%s cannot be scheduled: %s", config.job_id, error)
