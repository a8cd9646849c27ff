"""What runs: executions that go on, and the sync tasks behind them, each with its bar and its buttons."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from market_data.admin.tables import may_view
from market_data.admin.words import length_words, number, title_of
from market_data.models import SyncTask
from market_data.queries.progress import progress_of, with_progress
from scheduling import executions as scheduling_executions
from scheduling import registry
from scheduling.models import Execution

SHOWN = 12
CANCEL_RUN = "scheduling.change_execution"
CHANGE_TASK = "market_data.change_synctask"


@dataclass(frozen=True)
class Item:
    """Something that goes on. `share` is how much of it is done, 0 to 100, None where nobody knows."""

    title: str
    link: str
    share: int | None
    told: str
    buttons: tuple[tuple[str, str, str], ...]
    """Action, address, text."""


def context(request: HttpRequest, runs: Sequence[Execution]) -> dict[str, Any]:
    """`runs` are the latest executions; those that go on are picked out."""
    items = [_of_run(request, run) for run in runs if run.status in scheduling_executions.ACTIVE][:SHOWN]
    if may_view(request, SyncTask):
        items += [_of_task(request, task) for task in _tasks()]
    return {"running": items}


def _tasks() -> Sequence[SyncTask]:
    open_ones = SyncTask.objects.filter(Q(status=SyncTask.Status.RUNNING) | Q(status=SyncTask.Status.PAUSED))
    return list(with_progress(open_ones, timezone.now()).order_by("-updated_at")[:SHOWN])


def _of_run(request: HttpRequest, run: Execution) -> Item:
    declared = registry.find(run.job_type)
    share, told = None, gettext("waits for a worker") if run.status == "QUEUED" else gettext("runs")
    if run.progress_total:
        share = min(100, round(100 * (run.progress_done or 0) / run.progress_total))
        told = gettext("%(done)s of %(total)s") % {
            "done": number(run.progress_done or 0),
            "total": number(run.progress_total),
        }
    if run.cancel_requested_at:
        told = gettext("ends at its next checkpoint")
    buttons = []
    if request.user.has_perm(CANCEL_RUN) and not run.cancel_requested_at:
        buttons.append(("cancel", reverse("admin:room_cancel_run", args=[run.pk]), gettext("Cancel")))
    link = reverse("admin:scheduling_execution_change", args=[run.pk])
    return Item(gettext(declared.title) if declared else run.job_id, link, share, told, tuple(buttons))


def _of_task(request: HttpRequest, task: Any) -> Item:
    progress = progress_of(task, timezone.now())
    planned = progress["requests_planned"]
    share = min(100, round(100 * progress["requests_done"] / planned)) if planned else None
    link = reverse("admin:market_data_synctask_change", args=[task.pk])
    buttons = _task_buttons(task) if request.user.has_perm(CHANGE_TASK) else ()
    return Item(title_of(task.dataset), link, share, _told(task, progress), buttons)


def _told(task: SyncTask, progress: dict[str, Any]) -> str:
    parts = [
        gettext("%(done)s of %(total)s calls")
        % {"done": number(progress["requests_done"]), "total": number(progress["requests_planned"])},
        gettext("%(n)s rows") % {"n": number(progress["rows"])},
    ]
    if progress["requests_per_minute"]:
        parts.append(gettext("%(n)s calls a minute") % {"n": progress["requests_per_minute"]})
    if progress["seconds_left"]:
        parts.append(gettext("%(time)s left") % {"time": length_words(progress["seconds_left"])})
    if task.status == SyncTask.Status.PAUSED:
        parts.append(gettext("paused"))
    elif task.wanted:
        parts.append(gettext("stops after the calls in flight"))
    return " · ".join(parts)


def _task_buttons(task: SyncTask) -> tuple[tuple[str, str, str], ...]:
    def address(order: str) -> str:
        return reverse("admin:room_task", args=[task.pk, order])

    cancel = ("cancel", address("cancel"), gettext("Cancel"))
    if task.status == SyncTask.Status.PAUSED:
        return (("resume", address("resume"), gettext("Resume")), cancel)
    return () if task.wanted else (("pause", address("pause"), gettext("Pause")), cancel)
