"""Sync work that survives the process doing it."""

import uuid

from django.db import models
from django.db.models import Q

from market_data.models.ledger import WHOLE


class SyncTask(models.Model):
    """One resumable piece of sync work: a stored plan and its progress."""

    class Status(models.TextChoices):
        PENDING = "PENDING"
        RUNNING = "RUNNING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"
        PAUSED = "PAUSED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job_type = models.CharField(max_length=32)
    dataset = models.CharField(max_length=32)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    current_offset = models.PositiveIntegerField(default=0, help_text="Finished requests.")
    batch_size = models.PositiveIntegerField(default=0, help_text="Symbols planned at a time.")
    total_processed = models.PositiveBigIntegerField(default=0, help_text="Rows received.")
    inserted = models.PositiveBigIntegerField(default=0)
    updated = models.PositiveBigIntegerField(default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)
    completed_at = models.DateTimeField(null=True)
    config = models.JSONField(default=dict, help_text="What was asked for.")
    reason = models.TextField(blank=True, help_text="Why it failed or paused.")
    wanted = models.CharField(max_length=16, blank=True, help_text="PAUSE or CANCEL, asked for and not done yet.")
    host = models.CharField(max_length=255, blank=True)
    pid = models.PositiveIntegerField(null=True)
    process_started_at = models.FloatField(null=True, help_text="Tells a process from a later one of the same number.")
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0, help_text="Counts takeovers: an earlier owner's writes are refused.")
    progressed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sync_tasks"
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint("dataset", condition=Q(status="RUNNING"), name="one_running_task_of_a_dataset")
        ]
        indexes = [models.Index("job_type", "dataset", "status", name="sync_tasks_by_type")]

    def __str__(self) -> str:
        return f"{self.job_type} {self.dataset} {self.status}"


class SyncRequest(models.Model):
    """One planned provider call. Its rows and its state are committed together."""

    class State(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        DONE = "done"
        SPLIT = "split"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.BigAutoField(primary_key=True)
    task = models.ForeignKey(SyncTask, on_delete=models.CASCADE, related_name="requests")
    shape = models.CharField(max_length=16, help_text="How it is asked: date, symbols, range or whole.")
    symbols = models.JSONField(default=list)
    start_date = models.DateField(default=WHOLE)
    end_date = models.DateField(default=WHOLE)
    params = models.JSONField(default=dict, help_text="What a list is asked with.")
    about = models.JSONField(default=dict, help_text="What its answer is judged by.")
    expected_rows = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    not_before = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    owner = models.CharField(max_length=64, blank=True)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        db_table = "sync_requests"
        indexes = [models.Index("task", "state", "id", name="requests_by_state")]

    def __str__(self) -> str:
        return f"{self.shape} {self.start_date} to {self.end_date}"


class CallTally(models.Model):
    """How many calls were made by requests that housekeeping has deleted: what is counted in total never shrinks."""

    provider = models.CharField(max_length=32)
    interface = models.CharField(max_length=64)
    outcome = models.CharField(max_length=16)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "call_tally"
        constraints = [models.UniqueConstraint("provider", "interface", "outcome", name="tally_of_calls")]

    def __str__(self) -> str:
        return f"{self.provider} {self.interface} {self.outcome}: {self.count}"


class SyncFailureRecord(models.Model):
    """A request, or a symbol of one, that was given up. The next run takes it first, up to `max_retries`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job_type = models.CharField(max_length=32)
    dataset = models.CharField(max_length=32, blank=True)
    third_code = models.CharField(max_length=64, help_text="The symbol, or the days, that failed.")
    error_message = models.TextField()
    evidence = models.JSONField(null=True, help_text="What was refused.")
    is_row = models.BooleanField(default=False, db_default=False, help_text="One row, of an answer that was taken.")
    symbols = models.JSONField(default=list)
    start_date = models.DateField(default=WHOLE)
    end_date = models.DateField(default=WHOLE)
    retry_count = models.PositiveIntegerField(default=0)
    max_retries = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    last_attempt_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sync_failure_records"
        ordering = ["-last_attempt_at"]
        constraints = [
            models.UniqueConstraint(
                "dataset",
                "third_code",
                "start_date",
                "end_date",
                condition=Q(resolved_at=None),
                name="one_open_failure",
            )
        ]
        indexes = [
            models.Index("job_type", "dataset", name="open_failures", condition=Q(resolved_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} {self.third_code}: {self.error_message[:80]}"
