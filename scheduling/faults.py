"""The faults that scheduling itself can see: runs, silent processes, queues, disks, clocks."""

import shutil
import socket
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from scheduling import clock, executions, measuring
from scheduling.context import Status
from scheduling.endings import COUNTED
from scheduling.incidents import Fault
from scheduling.models import Execution, Incident, JobConfig

RUN, SILENT, STUCK, DISK, CLOCK = "run", "silent", "stuck", "disk", "clock"
BAD = (Status.FAILED, Status.LOST, Status.PARTIAL)
LOOKED_BACK = timedelta(days=1)
WAITING = timedelta(minutes=10)
CLOCKS_APART_SECONDS = 2.0
LONGEST_TEXT = 300
HOST = socket.gethostname()


def failed_runs() -> Iterator[Fault]:
    """Jobs whose latest run did not do all of its work, until one does."""
    lately = Execution.objects.filter(status__in=BAD, finished_at__gt=clock.now() - LOOKED_BACK)
    suspects = set(lately.order_by().values_list("job_id", flat=True).distinct())
    opened = Incident.objects.filter(kind=RUN, closed_at=None).values_list("key", flat=True)
    suspects |= {key.partition(":")[2] for key in opened}
    ended = Execution.objects.filter(job_id=OuterRef("job_id"), status__in=COUNTED).order_by("-finished_at")
    jobs = JobConfig.objects.filter(job_id__in=suspects).annotate(latest=Subquery(ended.values("id")[:1]))
    for run in Execution.objects.filter(id__in=jobs.values_list("latest", flat=True), status__in=BAD):
        moment = f"{timezone.localtime(run.finished_at):%Y-%m-%d %H:%M}" if run.finished_at else ""
        yield Fault(run.job_id, f"{run.job_id} ended as {run.status} at {moment}: {run.error_message[:LONGEST_TEXT]}")


def silent_processes() -> Iterator[Fault]:
    """Beat and the control worker, where they were heard of once and are not any more."""
    for heart in measuring.heartbeats():
        if heart.process in (measuring.BEAT, measuring.CONTROL_WORKER) and (
            heart.age_seconds > measuring.silent_after_seconds()
        ):
            minutes = heart.age_seconds / 60
            advice = "Nothing starts by itself until it runs again: look at its log and start it."
            yield Fault(heart.process, f"The {heart.process} has not been heard of for {minutes:.0f} min. {advice}")


def stuck_queues() -> Iterator[Fault]:
    """Queues in which a run has waited long that could start, while no worker runs anything from them."""
    now = clock.now()
    waiting = executions.ready().filter(queued_at__lt=now - WAITING).order_by()
    busy = Execution.objects.filter(status=Status.RUNNING, lease_until__gte=now).values("queue")
    for queue in waiting.exclude(queue__in=busy).values_list("queue", flat=True).distinct():
        advice = "Start a worker of this queue, or look at its log."
        yield Fault(queue, f"Runs wait in the queue {queue} and no worker takes them. {advice}")


def full_disks() -> Iterator[Fault]:
    """The disk of the data folder of this host."""
    usage = shutil.disk_usage(settings.VAR_DIR)
    share = 100 * usage.free / usage.total
    if share < settings.ALERT_DISK_FREE_PERCENT:
        free = f"{share:.1f} % of the disk of {settings.VAR_DIR} on {HOST} is free"
        yield Fault("data folder", f"Only {free}. Make room, or soon nothing can be stored.")


def clocks_apart() -> Iterator[Fault]:
    """The clock of this host, measured against the database's."""
    offset = clock.distance()
    if abs(offset) > CLOCKS_APART_SECONDS:
        where = "ahead of" if offset > 0 else "behind"
        text = f"The clock of {HOST} is {abs(offset):.1f} s {where} the database's: set it, such as with chrony."
        yield Fault("clock", text)
