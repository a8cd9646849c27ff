"""What the first page shows: the verdict, the datasets, what runs, what needs a person, and what comes next."""

from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import Any

from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from market_data.admin.shapes import state_words, strip
from market_data.admin.tables import may_view
from market_data.admin.verdict import verdict
from market_data.admin.words import day_words, moment_words, number, title_of
from market_data.datasets import IN_ALL
from market_data.models import Partition
from market_data.queries.freshness import Freshness, Standing, standings
from scheduling import leases, queries, registry
from scheduling.admin.orders import may_run
from scheduling.models import Execution, JobConfig, Lease
from stocksync.control_room import attention, checklist, running_now, yesterday

NEXT_SHOWN = 4


@dataclass(frozen=True)
class Line:
    """A dataset's line."""

    name: str
    title: str
    state: str
    until: str
    state_words: SafeString
    until_words: str
    due_words: str
    strip: SafeString
    rows: str


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What unfold asks for the first page."""
    return {**context, **overview(request), "title": gettext("Overview")}


def overview(request: HttpRequest) -> dict[str, Any]:
    """The page's context: each part only for who may see what it is about."""
    context: dict[str, Any] = {"may_run": may_run(request)}
    slots = list(queries.timetable()) if may_view(request, JobConfig) else []
    if may_view(request, Partition):
        found = standings()
        said = verdict(found, lambda name: _next_asked(name, slots))
        begun = [s for s in found if s.state != Freshness.NEVER or s.dataset.name in IN_ALL]
        context |= {
            "verdict": said,
            "lines": [_line(standing) for standing in begun],
            "never": [_line(standing) for standing in found if standing not in begun],
            "needs": attention.of(request, found),
        }
        if said.state == Freshness.NEVER:
            context["checklist"] = checklist.steps(found)
    if may_view(request, JobConfig):
        context |= {
            "next_runs": [
                {"at": moment_words(slot.at), "name": gettext(slot.job_name)} for slot in nsmallest(NEXT_SHOWN, slots)
            ],
            "beat_leads": Lease.objects.filter(name=leases.LEADER, until__gte=Now()).exists(),
        }
    if may_view(request, Execution):
        executions = yesterday.executions()
        context |= {"last_night": yesterday.summary(executions), **running_now.context(request, executions)}
    return context


def _next_asked(dataset: str, slots: list[queries.Slot]) -> datetime | None:
    """When the next job that brings this dataset is due."""
    moments = [slot.at for slot in slots if dataset in _datasets_of(slot)]
    return min(moments, default=None)


def _datasets_of(slot: queries.Slot) -> list[str]:
    declared = registry.find(slot.job_type)
    field = declared.kwargs_model.model_fields.get("datasets") if declared else None
    default = field.get_default(call_default_factory=True) if field and not field.is_required() else []
    named = slot.job_kwargs.get("datasets", default)
    return named if isinstance(named, list) else []


def _line(standing: Standing) -> Line:
    until = standing.complete_until
    return Line(
        name=standing.dataset.name,
        title=title_of(standing.dataset.name),
        state=standing.state.value,
        until=until.isoformat() if until else "",
        state_words=state_words(standing.state.value),
        until_words=day_words(until) if until else "–",
        due_words=day_words(standing.due) if standing.due else "–",
        strip=strip(standing.days) if standing.state != Freshness.NEVER else SafeString(""),
        rows=number(standing.rows) if standing.rows else "",
    )
