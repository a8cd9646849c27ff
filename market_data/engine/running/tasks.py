"""Who works on a sync task: started, taken over, told to stop, and finished, each by one conditional update."""

import os
import socket
from datetime import datetime, timedelta
from typing import Any

import psutil
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from market_data.datasets import Dataset
from market_data.engine.ledger import clock, coverage
from market_data.exceptions import AlreadyRunning, TaskPaused, UsageError
from market_data.models import CoverageCell, SyncRequest, SyncTask

Status = SyncTask.Status
HOST = socket.gethostname()
SLACK = timedelta(seconds=2)


class Lost(Exception):
    """Somebody else has taken this work over."""


def start(
    job_type: str, dataset: str, config: dict[str, Any], batch_size: int, *, resumes_paused: bool = True
) -> SyncTask:
    """The task to work on, RUNNING and ours: an interrupted one of the same order, else a new one.

    Raises AlreadyRunning where a live process works on the same dataset, and TaskPaused where a person
    has paused one and the caller is none.
    """
    if not resumes_paused:
        _refuse_paused(job_type, dataset)
    try:
        with transaction.atomic():
            _clear_dead(dataset)
            unfinished = SyncTask.objects.filter(
                job_type=job_type, dataset=dataset, config=config, status__in=[Status.FAILED, Status.PAUSED]
            )
            forgotten = Q(requests__state=SyncRequest.State.CANCELLED)
            kept = unfinished.exclude(id__in=SyncTask.objects.filter(forgotten).values("id"))
            task = kept.select_for_update().order_by("-updated_at").first()
            if task is None:
                task = SyncTask(job_type=job_type, dataset=dataset, config=config, batch_size=batch_size)
            return _own(task)
    except IntegrityError as error:
        raise AlreadyRunning(_running_sentence(dataset)) from error


def _refuse_paused(job_type: str, dataset: str) -> None:
    paused = SyncTask.objects.filter(job_type=job_type, dataset=dataset, status=Status.PAUSED).first()
    if paused:
        raise TaskPaused(f"Task {paused.id} of {dataset} is paused; resume or cancel it with sync_tasks.")


def _own(task: SyncTask) -> SyncTask:
    moment = clock.now()
    task.status = Status.RUNNING
    task.fence += 1
    task.host, task.pid, task.process_started_at = HOST, os.getpid(), psutil.Process().create_time()
    task.started_at = task.started_at or moment
    task.progressed_at, task.lease_until = moment, moment + lease()
    task.completed_at, task.reason, task.wanted = None, "", ""
    task.save()
    open_requests(task).update(state=SyncRequest.State.PENDING, fence=F("fence") + 1, not_before=None, attempts=0)
    return task


def _clear_dead(dataset: str) -> None:
    running = SyncTask.objects.select_for_update().filter(dataset=dataset, status=Status.RUNNING)
    for task in running:
        reason = _why_dead(task)
        if not reason:
            raise AlreadyRunning(_running_sentence(dataset))
        task.status, task.reason = Status.FAILED, reason
        task.fence += 1
        task.save(update_fields=["status", "reason", "fence", "updated_at"])


def _why_dead(task: SyncTask) -> str:
    """Why a RUNNING task has nobody any more; empty where it has."""
    moment = clock.now()
    if task.host == HOST and not _process_lives(task):
        return "Its process ended before the work did."
    if task.lease_until is None or not moment <= task.lease_until <= _latest(moment):
        return "Its process has not been heard of since its lease ran out."
    stale = timedelta(minutes=settings.SYNC_TASK_STALE_TIMEOUT_MINUTES)
    if task.progressed_at and task.progressed_at < moment - stale:
        return f"No progress for {settings.SYNC_TASK_STALE_TIMEOUT_MINUTES:g} minutes."
    return ""


def _latest(moment: datetime) -> datetime:
    """The end of a lease that is given now; a stored one that ends later was written by a clock that was wrong."""
    return moment + lease() + SLACK


def _process_lives(task: SyncTask) -> bool:
    try:
        process = psutil.Process(task.pid or 0)
        same = abs(process.create_time() - (task.process_started_at or 0)) < 1
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _running_sentence(dataset: str) -> str:
    running = SyncTask.objects.filter(dataset=dataset, status=Status.RUNNING).first()
    where = f" (task {running.id}, process {running.pid} on {running.host})" if running else ""
    return f"A sync of {dataset} is running already{where}; wait for it, or stop it with sync_tasks."


def sign_of_life_elsewhere(dataset: str) -> tuple[object, ...] | None:
    """What changes while another host works on the dataset; None where none does."""
    running = SyncTask.objects.filter(dataset=dataset, status=Status.RUNNING).exclude(host=HOST)
    return running.values_list("fence", "lease_until", "progressed_at").first()


def lease() -> timedelta:
    return timedelta(seconds=settings.SYNC_LEASE_SECONDS)


def heartbeat(task: SyncTask, owner: str) -> None:
    """Keep the task and the requests of this owner for another lease. Raises Lost."""
    until = clock.now() + lease()
    mine = SyncTask.objects.filter(id=task.id, fence=task.fence, status=Status.RUNNING)
    if not mine.update(lease_until=until):
        raise Lost
    task.requests.filter(state=SyncRequest.State.RUNNING, owner=owner).update(lease_until=until)


def claim(task: SyncTask, owner: str, count: int) -> list[SyncRequest]:
    """The next requests to send, at most `count`, for this owner alone."""
    moment = clock.now()
    void = Q(lease_until__lt=moment) | Q(lease_until__gt=_latest(moment))
    free = Q(state=SyncRequest.State.PENDING) | (Q(state=SyncRequest.State.RUNNING) & void)
    due = Q(not_before=None) | Q(not_before__lte=moment)
    with transaction.atomic():
        waiting = task.requests.filter(free & due).order_by("id").select_for_update(skip_locked=True)
        requests = list(waiting[:count])
        task.requests.filter(id__in=[r.id for r in requests]).update(
            state=SyncRequest.State.RUNNING, fence=F("fence") + 1, owner=owner, lease_until=moment + lease()
        )
    for request in requests:
        request.fence += 1
    return requests


def release(task: SyncTask, owner: str, *, except_for: list[int]) -> None:
    """Put back what this owner claimed and does not work on."""
    stray = task.requests.filter(state=SyncRequest.State.RUNNING, owner=owner).exclude(id__in=except_for)
    stray.update(state=SyncRequest.State.PENDING, fence=F("fence") + 1)


def open_requests(task: SyncTask) -> QuerySet[SyncRequest]:
    return task.requests.filter(state__in=[SyncRequest.State.PENDING, SyncRequest.State.RUNNING])


def conclude(request: SyncRequest, state: str, **fields: Any) -> None:
    """Give a request that we own its end, or another start. Raises Lost where it is no longer ours."""
    mine = SyncRequest.objects.filter(id=request.id, fence=request.fence, state=SyncRequest.State.RUNNING)
    if not mine.update(state=state, **fields):
        raise Lost


def count_progress(task: SyncTask, requests: int, rows: int, **changes: int) -> None:
    """Move the task's counters; `changes`: inserted, updated, unchanged. Raises Lost where it has been taken over."""
    moment = clock.now()
    mine = SyncTask.objects.filter(id=task.id, fence=task.fence)
    if not mine.update(
        current_offset=F("current_offset") + requests,
        total_processed=F("total_processed") + rows,
        **{name: F(name) + count for name, count in changes.items()},
        progressed_at=moment,
        updated_at=moment,
    ):
        raise Lost


def finish(task: SyncTask, status: str, reason: str = "") -> None:
    """End our work on the task; nothing happens where it is no longer ours."""
    moment = clock.now()
    SyncTask.objects.filter(id=task.id, fence=task.fence, status=Status.RUNNING).update(
        status=status,
        reason=reason,
        wanted="",
        updated_at=moment,
        completed_at=moment if status == Status.COMPLETED else None,
        lease_until=None,
    )
    task.refresh_from_db()


def pause(task_id: str) -> SyncTask:
    """Have a task stop after the requests in flight, and stay until it is resumed."""
    return _control(task_id, "PAUSE", Status.PAUSED, "Paused by a person.")


def cancel(task_id: str) -> SyncTask:
    """Have a task stop after the requests in flight, and forget the rest of its plan."""
    task = _control(task_id, "CANCEL", Status.FAILED, "Cancelled by a person.")
    drop_waiting_requests(task)
    if task.status != Status.RUNNING:
        drop_open_requests(task)
    return task


def drop_waiting_requests(task: SyncTask) -> None:
    """Forget what of the plan nobody has begun."""
    task.requests.filter(state=SyncRequest.State.PENDING).update(state=SyncRequest.State.CANCELLED)


def ask_again(dataset: Dataset, task: SyncTask, rows: int) -> None:
    """Forget what answers of so many rows seemed to say: they were cut, as has turned out."""
    cut = task.requests.filter(state=SyncRequest.State.DONE, shape="symbols", rows=rows)
    for request in cut:
        cells = CoverageCell.objects.filter(dataset=dataset.name, symbol__in=request.symbols)
        cells.filter(trade_date__range=(request.start_date, request.end_date)).delete()
        coverage.mark([dataset.name], request.start_date, request.end_date)
    cut.update(state=SyncRequest.State.SPLIT)


def drop_open_requests(task: SyncTask) -> None:
    """Forget what of the plan nobody has finished."""
    open_requests(task).update(state=SyncRequest.State.CANCELLED, fence=F("fence") + 1)


def _control(task_id: str, wanted: str, status: str, reason: str) -> SyncTask:
    """Ask the process that runs it; where none does, it is done here."""
    with transaction.atomic():
        task = get(task_id, lock=True)
        if task.status == Status.COMPLETED:
            raise UsageError(f"Task {task.id} is completed; there is nothing to {wanted.lower()}.")
        if task.status == Status.RUNNING and not _why_dead(task):
            task.wanted = wanted
        else:
            task.status, task.reason, task.fence = status, reason, task.fence + 1
        task.save(update_fields=["wanted", "status", "reason", "fence", "updated_at"])
    return task


def get(task_id: str, *, lock: bool = False) -> SyncTask:
    """Raises UsageError for an id that is none."""
    tasks = SyncTask.objects.select_for_update() if lock else SyncTask.objects.all()
    try:
        return tasks.get(id=task_id)
    except (SyncTask.DoesNotExist, ValidationError) as error:
        raise UsageError(f"There is no sync task {task_id}.") from error
