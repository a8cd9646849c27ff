"""What an operator decides about a job."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from scheduling import beat_rows, clock, registry
from scheduling.exceptions import ConfigurationError
from scheduling.schedules import Cron, Schedule


class Overlap(models.TextChoices):
    """What happens when a job is due while a run of it is queued or running."""

    SKIP = "skip", "Skip the new run"
    QUEUE_ONE = "queue_one", "Queue one run behind it"
    CANCEL_OTHER = "cancel_other", "Cancel the other and run"
    ALLOW = "allow", "Run side by side"


class CatchUp(models.TextChoices):
    """What happens to a run whose moment passed while nothing was there to start it."""

    NONE = "none", "Skip it"
    LATEST = "latest", "Run the latest missed one"
    WINDOW = "window", "Run the latest missed one if it is not older than the window"


class JobConfig(models.Model):
    """A job as an operator sees it. Cron expression, time zone and enabled live in django-celery-beat's rows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job_id = models.CharField(max_length=100, unique=True)
    job_name = models.CharField(max_length=200)
    job_type = models.CharField(max_length=100, help_text="The declared job that this runs.")
    job_kwargs = models.JSONField(default=dict, blank=True)
    periodic_task = models.OneToOneField(
        PeriodicTask, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="job_config"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    """When it was last edited, by the database's clock: whoever edits can tell which state they have seen."""
    edited = models.JSONField(default=dict, editable=False)
    """When each part was last edited, as ISO text: fields by their names, and `schedule` and `enabled`."""
    last_run_at = models.DateTimeField(null=True, editable=False)

    overlap = models.CharField(max_length=16, choices=Overlap.choices, default=Overlap.SKIP)
    catch_up = models.CharField(max_length=16, choices=CatchUp.choices, default=CatchUp.LATEST)
    catch_up_window_seconds = models.PositiveIntegerField(default=6 * 3600)
    start_by_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="Skip a run that has waited longer than this."
    )
    finish_by_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="Call a run overdue that is not done so long after it was queued."
    )
    soft_limit_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="End an attempt after this, letting it clean up."
    )
    hard_limit_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="Kill the process of an attempt after this."
    )
    max_retries = models.PositiveIntegerField(default=0, help_text="How often a failed run is tried again.")
    backoff_seconds = models.PositiveIntegerField(
        default=60, help_text="Pause before the first retry; doubled each time."
    )
    max_losses = models.PositiveIntegerField(
        default=5, help_text="How often a run may lose its worker before it is given up as LOST."
    )
    paused_at = models.DateTimeField(null=True, editable=False)
    pause_note = models.CharField(max_length=500, blank=True)
    pause_after_failures = models.PositiveIntegerField(
        null=True, blank=True, help_text="Pause the job after this many failures in a row."
    )
    calendar = models.CharField(max_length=64, blank=True, help_text="Run only on this calendar's open days.")
    pool = models.CharField(max_length=64, blank=True, help_text="Share this pool's slots with other jobs.")
    priority = models.PositiveSmallIntegerField(
        default=5, validators=[MinValueValidator(0), MaxValueValidator(9)], help_text="9 goes first."
    )
    run_after = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="followers",
        help_text="Run each time this other job has ended as SUCCESS or PARTIAL.",
    )

    schedule_seen = models.CharField(max_length=700, editable=False)
    """The schedule as it was when `schedule_since` was set; another text means that somebody has changed it."""
    schedule_since = models.DateTimeField(editable=False)
    """From when on the schedule counts: earlier moments were not due under it."""
    dispatched_until = models.DateTimeField(null=True, editable=False)
    """The latest due moment that has been decided about."""

    class Meta:
        db_table = "scheduler_job_config"
        ordering = ["job_id"]

    def __str__(self) -> str:
        return self.job_id

    @property
    def schedule(self) -> Schedule | None:
        """None for a job that runs only by hand or after another."""
        return beat_rows.read(self)

    @property
    def cron_expression(self) -> str | None:
        return self.schedule.expression if isinstance(self.schedule, Cron) else None

    @property
    def timezone(self) -> str:
        return self.schedule.timezone if isinstance(self.schedule, Cron) else registry.DEFAULT_TIMEZONE

    @property
    def enabled(self) -> bool:
        return self.periodic_task.enabled if self.periodic_task else self.paused_at is None

    @property
    def declaration(self) -> registry.Job | None:
        """None where no code declares the job any more."""
        return registry.find(self.job_type)

    @property
    def note(self) -> str:
        """Why it does not run by itself: what a person wrote, or what the code says about a job that is off."""
        if self.paused_at:
            return self.pause_note
        if self.enabled:
            return self.schedule_problem
        return self.declaration.note if self.declaration else ""

    @property
    def schedule_problem(self) -> str:
        """Why its schedule cannot be; empty where it can."""
        try:
            if self.schedule:
                self.schedule.next_after(clock.about_now())
        except ConfigurationError as error:
            return str(error)
        return ""

    def pause(self, moment: datetime, note: str) -> None:
        self.paused_at, self.pause_note = moment, note[:500]
        self.save_edit("enabled", columns=["paused_at", "pause_note"])

    def resume(self) -> None:
        self.paused_at, self.pause_note = None, ""
        self.save_edit("enabled", columns=["paused_at", "pause_note"])

    def save_edit(self, *parts: str, columns: Iterable[str] | None = None) -> None:
        """Save these columns, or all of a job that is new, and that these parts of it are edited now."""
        self.updated_at = clock.now()
        self.edited = {**self.edited, **dict.fromkeys(parts, self.updated_at.isoformat())}
        self.save(update_fields=None if columns is None else [*columns, "updated_at", "edited"])
