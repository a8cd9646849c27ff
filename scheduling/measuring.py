"""Figures of jobs and processes for whoever watches from outside; each is a few questions to the database."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, OuterRef, Subquery

from scheduling import clock, executions, leases, registry
from scheduling.context import Status
from scheduling.models import Execution, ExecutionTally, JobConfig, Lease
from scheduling.sweeping import SWEPT

BEAT, CONTROL_WORKER = "beat", "control worker"


@dataclass(frozen=True)
class Heartbeat:
    """When a process was last heard of, by the database's clock."""

    process: str
    age_seconds: float


def executions_by_status() -> Iterator[tuple[tuple[str, str], int]]:
    """((job, status), runs that ended so), those that housekeeping has deleted included."""
    # All of them, so that an index alone answers; those that go on are few.
    grouped = Execution.objects.order_by().values_list("job_id", "status").annotate(count=Count("*"))
    counts = Counter({(job, status): count for job, status, count in grouped if status not in executions.ACTIVE})
    for job, status, count in ExecutionTally.objects.values_list("job_id", "status", "count"):
        counts[job, status] += count
    yield from counts.items()


def latest_seconds() -> Iterator[tuple[tuple[str], float]]:
    """((job,), seconds that its latest run with a duration took)."""
    timed = Execution.objects.filter(job_id=OuterRef("job_id"), duration_ms__isnull=False).order_by("-queued_at")
    jobs = JobConfig.objects.order_by().annotate(latest=Subquery(timed.values("duration_ms")[:1]))
    for job, milliseconds in jobs.exclude(latest=None).values_list("job_id", "latest"):
        yield (job,), milliseconds / 1000


def queue_lengths() -> Iterator[tuple[tuple[str], int]]:
    """((queue,), runs that wait in it)."""
    lengths = Counter({declared.queue: 0 for declared in registry.all_jobs()})
    waiting = Execution.objects.filter(status=Status.QUEUED).order_by().values_list("queue")
    lengths.update(dict(waiting.annotate(Count("id"))))
    yield from (((queue,), count) for queue, count in lengths.items())


def heartbeats() -> list[Heartbeat]:
    """Beat and the control worker, where they have ever been heard of, and the workers that run something."""
    now = clock.now()
    heard = {BEAT: _lease_end(leases.LEADER, leases.LEADER_SECONDS), CONTROL_WORKER: _lease_end(SWEPT, 0)}
    running = Execution.objects.filter(status=Status.RUNNING, lease_until__isnull=False).order_by()
    for worker, until in running.values_list("worker").annotate(Max("lease_until")):
        heard[worker] = until - executions.lease()
    return [Heartbeat(process, max((now - moment).total_seconds(), 0.0)) for process, moment in heard.items() if moment]


def silent_after_seconds() -> float:
    """How long beat and the control worker may not be heard of before that is a fault."""
    return max(4 * settings.SCHEDULING_SWEEP_SECONDS, 2 * leases.LEADER_SECONDS)


def _lease_end(name: str, seconds: float) -> datetime | None:
    until = Lease.objects.filter(name=name).values_list("until", flat=True).first()
    return until - timedelta(seconds=seconds) if until else None
