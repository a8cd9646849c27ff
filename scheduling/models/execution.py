"""The record of each run of a job."""

import uuid

from django.db import models
from django.db.models import Q

from scheduling.context import Status


class Trigger(models.TextChoices):
    """Why an execution exists."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    COMMAND = "command"
    RETRY = "retry"
    AFTER = "after", "after another job"


class Execution(models.Model):
    """One run of a job, through all its attempts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job_id = models.CharField(max_length=100)
    job_type = models.CharField(max_length=100)
    trigger = models.CharField(max_length=16, choices=Trigger.choices)
    kwargs = models.JSONField(default=dict)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.QUEUED)
    scheduled_for = models.DateTimeField(null=True)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    duration_ms = models.BigIntegerField(null=True)
    result = models.JSONField(null=True)
    error_message = models.TextField(blank=True, help_text="Why it is no success.")
    progress_done = models.BigIntegerField(null=True)
    progress_total = models.BigIntegerField(null=True)
    overdue_at = models.DateTimeField(null=True, help_text="When it was found to be later than its finish-by limit.")

    queue = models.CharField(max_length=64)
    pool = models.CharField(max_length=64, blank=True)
    priority = models.PositiveSmallIntegerField(default=5)
    is_exclusive = models.BooleanField(default=True, help_text="No other run of the job may go on beside it.")
    not_before = models.DateTimeField(null=True, help_text="When a retry is due.")
    start_by = models.DateTimeField(null=True)
    finish_by = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField(default=0, help_text="Starts so far.")
    failures = models.PositiveIntegerField(default=0, help_text="Attempts that ended in an error.")
    losses = models.PositiveIntegerField(default=0, help_text="Attempts whose worker vanished.")
    worker = models.CharField(max_length=128, blank=True)
    fence = models.PositiveIntegerField(default=0, help_text="Grows with each owner; only the latest may write.")
    lease_until = models.DateTimeField(null=True)
    lease_seconds = models.FloatField(null=True, help_text="The length that its worker gives the lease.")
    cancel_requested_at = models.DateTimeField(null=True)
    celery_task_id = models.CharField(max_length=64, blank=True)
    idempotency_key = models.CharField(max_length=128, null=True)  # noqa: DJ001 - NULL is not unique, "" would be
    followers_due = models.BooleanField(default=False, help_text="The jobs that come after it are to be started.")
    retry_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="retries")

    class Meta:
        db_table = "scheduler_execution_log"
        ordering = ["-queued_at"]
        indexes = [
            models.Index(fields=["job_id", "started_at"], name="execution_job_started"),
            models.Index(fields=["status", "queue"], name="execution_status_queue"),
            models.Index(fields=["-queued_at"], name="execution_queued"),
            models.Index(fields=["job_id", "-queued_at"], name="execution_job_queued"),
            models.Index(fields=["status", "-queued_at"], name="execution_status_queued"),
            models.Index(fields=["job_id", "status"], name="execution_job_status"),
            models.Index(fields=["id"], condition=Q(followers_due=True), name="execution_followers_due"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["job_id", "scheduled_for"], name="execution_once_per_moment"),
            models.UniqueConstraint(fields=["job_id", "idempotency_key"], name="execution_once_per_key"),
            models.UniqueConstraint(
                fields=["job_id"], condition=Q(status="RUNNING", is_exclusive=True), name="execution_one_running"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.status} {self.id}"


class ExecutionLine(models.Model):
    """A line that a run left. The oldest are dropped beyond a bound."""

    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="lines")
    at = models.DateTimeField()
    level = models.CharField(max_length=10)
    text = models.TextField()

    class Meta:
        db_table = "scheduler_execution_line"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text
