"""Questions about jobs and their runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nsmallest
from typing import Any

from django.db.models import Avg, Count, Q, QuerySet

from scheduling import beat_rows, clock, heartbeats, leases
from scheduling.context import Status
from scheduling.exceptions import ConfigurationError
from scheduling.leases import LEADER
from scheduling.models import Execution, JobConfig
from scheduling.schedules import Schedule, next_runs


@dataclass(frozen=True, order=True)
class Slot:
    """When a job is due next."""

    at: datetime
    job_id: str
    job_name: str
    job_type: str
    job_kwargs: dict[str, Any] = field(compare=False)


def enabled_jobs() -> QuerySet[JobConfig]:
    """Jobs that start by themselves: those whose schedule is on, and those without one that are not paused."""
    return beat_rows.with_schedules(JobConfig.objects.filter(_enabled()))


def _enabled() -> Q:
    return Q(periodic_task__enabled=True) | Q(periodic_task=None, paused_at=None)


def recent_executions(job_id: str | None = None, limit: int = 50) -> QuerySet[Execution]:
    """The latest runs, newest first."""
    found = Execution.objects.all() if job_id is None else Execution.objects.filter(job_id=job_id)
    return found.order_by("-queued_at")[:limit]


def next_runs_of(config: JobConfig, count: int = 5) -> list[datetime]:
    """When the job is due next; empty for one that is disabled, paused, or has no schedule.

    Raises ConfigurationError for a schedule that cannot be, written past every check.
    """
    schedule = config.schedule
    is_on = config.enabled and config.paused_at is None
    return next_runs(schedule, clock.about_now(), count) if schedule and is_on else []


def possible_runs_of(config: JobConfig, count: int) -> list[datetime]:
    """The same, none for a schedule that cannot be; the job's note tells about it."""
    return next_runs_of(config, count) if config.schedule_problem == "" else []


def upcoming(count: int = 10) -> list[tuple[datetime, str]]:
    """The next due moments of all jobs with their job ids, soonest first, one for each job."""
    slots = ((slot.at, slot.job_id) for slot in timetable())
    return nsmallest(count, slots)


def timetable() -> Iterator[Slot]:
    """The next due moment of every job that has one, in no order."""
    now = clock.about_now()
    jobs = beat_rows.read_all(JobConfig.objects.filter(paused_at=None), "job_id", "job_name", "job_type", "job_kwargs")
    return (Slot(moment, *values) for values, schedule in jobs if (moment := _next(schedule, now)))


def _next(schedule: Schedule, now: datetime) -> datetime | None:
    """None where the schedule is one that cannot be."""
    try:
        return schedule.next_after(now)
    except (ConfigurationError, ValueError):
        return None


def status() -> dict[str, Any]:
    """Whether a beat leads, and how many jobs are enabled of how many."""
    return {
        "is_running": leases.is_held(LEADER),
        "active_jobs_count": JobConfig.objects.filter(_enabled()).count(),
        "total_jobs_count": JobConfig.objects.count(),
    }


def figures() -> dict[str, Any]:
    """Jobs, runs by how they ended, the average duration of those that did their work, and what comes next."""
    counts = Execution.objects.aggregate(
        succeeded=Count("id", filter=Q(status=Status.SUCCESS)),
        partial=Count("id", filter=Q(status=Status.PARTIAL)),
        failed=Count("id", filter=Q(status__in=[Status.FAILED, Status.LOST])),
        running=Count("id", filter=Q(status=Status.RUNNING)),
        queued=Count("id", filter=Q(status=Status.QUEUED)),
        average_duration_ms=Avg("duration_ms", filter=Q(status__in=[Status.SUCCESS, Status.PARTIAL])),
    )
    return {
        **status(),
        **counts,
        "next_runs": [{"job_id": job, "at": at} for at, job in upcoming()],
        "processes": heartbeats.processes(),
        "clock_warnings": heartbeats.clock_warnings(),
    }
