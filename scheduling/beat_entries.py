"""Beat's entries, judged by the database's clock and as `dispatching` judges: Celery's own ask the host's."""

from datetime import datetime, timedelta
from typing import Any

from celery.schedules import schedstate
from django.conf import settings
from django_celery_beat import schedulers
from django_celery_beat.models import PeriodicTask

from scheduling import beat_rows, clock, executions
from scheduling.transactions import bounded


class Entry(schedulers.ModelEntry):  # type: ignore[misc]
    """Due where a moment of its schedule has come since it was last sent, and not longer ago than the grace."""

    def is_due(self) -> Any:
        config = getattr(self.model, "job_config", None)
        schedule = beat_rows.read(config) if config else None
        # Beat's page can make a task expire, or run once; beat then switches it off itself.
        if schedule is None or self.model.expires or self.model.one_off:
            with bounded():
                return super().is_due()
        now = clock.about_now()
        is_due = schedule.next_after(self._sent_until(now)) <= now and self._is_fresh(schedule.latest(now), now)
        return schedstate(is_due, (schedule.next_after(now) - now).total_seconds())

    def default_now(self) -> datetime:
        return clock.about_now().astimezone(self.app.timezone)

    _default_now = default_now

    def save(self) -> None:
        """Note when it was sent, unless somebody holds the row: a restarted beat sends again what is decided on."""
        rows = PeriodicTask.objects.filter(pk=self.model.pk)
        with bounded():
            if executions.lockable(rows):
                rows.update(last_run_at=self.model.last_run_at, total_run_count=self.model.total_run_count)

    def _sent_until(self, now: datetime) -> datetime:
        """When it was last sent; a moment ahead of now was written by a clock that was wrong."""
        sent: datetime = self.last_run_at
        return sent if sent <= now else now - timedelta(seconds=settings.SCHEDULING_GRACE_SECONDS)

    def _is_fresh(self, due: datetime | None, now: datetime) -> bool:
        return due is not None and (now - due).total_seconds() <= settings.SCHEDULING_GRACE_SECONDS
