"""Jobs and executions as programs see them."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from scheduling import beat_rows, queries
from scheduling.api import template_kwargs
from scheduling.context import Status
from scheduling.models import Execution, ExecutionLine, JobConfig
from scheduling.schedules import Interval

PENDING, RUNNING, COMPLETED, FAILED, PAUSED = JOB_STATUSES = ("pending", "running", "completed", "failed", "paused")
ENDS = {
    Status.SUCCESS: COMPLETED,
    Status.PARTIAL: COMPLETED,
    Status.FAILED: FAILED,
    Status.LOST: FAILED,
}
_DAILY = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* \*")


class JobSerializer(serializers.Serializer[JobConfig]):
    """A job. The arguments of a job that users create stand beside these fields, those of others in job_kwargs."""

    job_id = serializers.CharField()
    job_type = serializers.CharField(help_text="The declared job that it runs.")
    name = serializers.CharField(source="job_name")
    description = serializers.SerializerMethodField()
    is_active = serializers.BooleanField(source="enabled")
    status = serializers.SerializerMethodField()
    note = serializers.CharField(help_text="Why it does not run by itself.")
    schedule_time = serializers.SerializerMethodField(help_text="HH:MM where it runs once a day, else null.")
    cron_expression = serializers.CharField(allow_null=True)
    timezone = serializers.CharField()
    interval_minutes = serializers.SerializerMethodField(help_text="Where it runs on an interval, else null.")
    job_kwargs = serializers.DictField(required=False)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField(help_text="When it was last edited; sent back, it protects others' edits.")
    last_run = serializers.DateTimeField(source="last_run_at", allow_null=True)
    next_run = serializers.SerializerMethodField()

    def get_description(self, config: JobConfig) -> str:
        return config.declaration.description if config.declaration else ""

    @extend_schema_field(serializers.ChoiceField(JOB_STATUSES))
    def get_status(self, config: JobConfig) -> str:
        return status_of(config, self.context["active"])

    def get_schedule_time(self, config: JobConfig) -> str | None:
        daily = _DAILY.fullmatch(config.cron_expression or "")
        return f"{int(daily[2]):02}:{int(daily[1]):02}" if daily else None

    def get_interval_minutes(self, config: JobConfig) -> float | None:
        schedule = config.schedule
        return schedule.seconds / 60 if isinstance(schedule, Interval) else None

    def get_next_run(self, config: JobConfig) -> datetime | None:
        return next(iter(next_runs(config, 1)), None)

    def to_representation(self, config: JobConfig) -> dict[str, Any]:
        fields = super().to_representation(config)
        declared = config.declaration
        if declared is None or not declared.is_template:
            return fields
        del fields["job_kwargs"]
        return {**fields, **template_kwargs.shown(declared, config.job_kwargs), **fields}


class ExecutionSerializer(serializers.ModelSerializer[Execution]):
    class Meta:
        model = Execution
        fields = (
            "id",
            "job_id",
            "job_type",
            "trigger",
            "kwargs",
            "status",
            "scheduled_for",
            "queued_at",
            "started_at",
            "finished_at",
            "duration_ms",
            "result",
            "error_message",
            "progress_done",
            "progress_total",
            "attempt",
            "worker",
            "cancel_requested_at",
            "retry_of",
        )


class LineSerializer(serializers.ModelSerializer[ExecutionLine]):
    class Meta:
        model = ExecutionLine
        fields = ("at", "level", "text")


def as_json(config: JobConfig) -> dict[str, Any]:
    return as_list([config])[0]


def as_list(configs: Iterable[JobConfig]) -> list[dict[str, Any]]:
    """These jobs, read anew with what their statuses need; for the whole table that would take seconds."""
    wanted = JobConfig.objects.filter(id__in=[config.id for config in configs]).order_by("job_id")
    configs = list(with_last_end(wanted))
    serializer = JobSerializer(context={"active": active_runs(configs)})
    return [serializer.to_representation(config) for config in configs]


def with_last_end(configs: QuerySet[JobConfig]) -> QuerySet[JobConfig]:
    """Jobs with their schedules and, as `last_end`, how the latest run ended that did end by itself."""
    runs = Execution.objects.filter(job_id=OuterRef("job_id"), status__in=list(ENDS)).order_by("-started_at")
    return beat_rows.with_schedules(configs).annotate(last_end=Subquery(runs.values("status")[:1]))


def active_runs(configs: list[JobConfig]) -> dict[str, set[str]]:
    """The states of the queued and running executions of each job."""
    active = Execution.objects.filter(
        status__in=[Status.QUEUED, Status.RUNNING], job_id__in=[config.job_id for config in configs]
    )
    found: dict[str, set[str]] = {}
    for job_id, status in active.values_list("job_id", "status"):
        found.setdefault(job_id, set()).add(status)
    return found


def status_of(config: Any, active: dict[str, set[str]]) -> str:
    """One of JOB_STATUSES, for a job read by `with_last_end`."""
    states = active.get(config.job_id, set())
    if Status.RUNNING in states:
        return RUNNING
    if not config.enabled or config.paused_at:
        return PAUSED
    return PENDING if states else ENDS.get(config.last_end, PENDING)


def next_runs(config: JobConfig, count: int) -> list[datetime]:
    """In the project's time zone; empty for a job that is paused or switched off."""
    return [timezone.localtime(moment) for moment in queries.possible_runs_of(config, count)]
