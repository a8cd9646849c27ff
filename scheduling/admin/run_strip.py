"""The last runs of a job as a strip or a chart: height is duration, shape and colour are how they ended."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.admin.views.main import ChangeList
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from scheduling.admin.display import clock_time, duration
from scheduling.context import Status
from scheduling.models import Execution

DAYS_LOOKED_BACK = 30


@dataclass(frozen=True)
class Size:
    """So many runs at most, and pixels: how high, from one run to the next, and how wide each is."""

    runs: int
    height: int
    step: int
    width: int


STRIP = Size(14, 22, 8, 5)
CHART = Size(60, 96, 14, 10)
_CLASSES = {
    Status.SUCCESS: "complete",
    Status.PARTIAL: "partial",
    Status.FAILED: "failed",
    Status.LOST: "failed",
    Status.SKIPPED: "not_due",
    Status.CANCELLED: "absent",
    Status.QUEUED: "not_due",
    Status.RUNNING: "late",
}


def latest_runs(job_ids: Iterable[str], size: Size = STRIP) -> dict[str, list[Execution]]:
    """The last runs of each job within a month, oldest first, in one question."""
    since = timezone.now() - timedelta(days=DAYS_LOOKED_BACK)
    place = Window(RowNumber(), partition_by=F("job_id"), order_by=F("queued_at").desc())
    rows = Execution.objects.filter(job_id__in=list(job_ids), queued_at__gte=since).annotate(place=place)
    found: defaultdict[str, list[Execution]] = defaultdict(list)
    columns = ("id", "job_id", "status", "queued_at", "duration_ms")
    for run in rows.filter(place__lte=size.runs).order_by("queued_at").only(*columns):
        found[run.job_id].append(run)
    return found


class JobList(ChangeList):
    """The list of jobs, whose rows on the page come with their last runs."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        found = latest_runs(config.job_id for config in self.result_list)
        for config in self.result_list:
            config.latest_runs = found.get(config.job_id, [])


def strip(runs: Sequence[Execution], size: Size = STRIP) -> SafeString | str:
    """A column for each run, newest right; a dash where there are none."""
    if not runs:
        return "–"
    longest = _longest(runs) or 1
    columns = [_column(at, run, longest, size) for at, run in enumerate(runs)]
    return format_html(
        '<svg class="r-runs" width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img" aria-label="{2}">{3}</svg>',
        len(runs) * size.step,
        size.height,
        _told(runs),
        format_html_join("", "{}", [[column] for column in columns]),
    )


def chart(job_id: str) -> dict[str, SafeString | str] | None:
    """The runs of a month as `drawn`, with what its edges mean; None where there were none."""
    runs = latest_runs([job_id], CHART).get(job_id)
    if not runs:
        return None
    first, last = clock_time(runs[0].queued_at), clock_time(runs[-1].queued_at)
    return {"drawn": strip(runs, CHART), "top": duration(_longest(runs)), "first": first, "last": last}


def _longest(runs: Sequence[Execution]) -> int:
    return max((run.duration_ms or 0 for run in runs), default=0)


def _column(at: int, run: Execution, longest: int, size: Size) -> SafeString:
    """Filled for a success, an outline for anything else, a cross for a failure."""
    state = _CLASSES.get(Status(run.status), "not_due")
    height = max(3, round((run.duration_ms or 0) / longest * (size.height - 2)))
    x, top = at * size.step, size.height - 1 - height
    told = f"{clock_time(run.queued_at)} {gettext(Status(run.status).label)} {duration(run.duration_ms)}"
    fill = "currentColor" if state == "complete" else "none"
    cross = format_html('<path d="M{},{}l5,5m0,-5l-5,5"/>', x, size.height - 7)
    return format_html(
        '<g class="r-is-{}" stroke="currentColor"><title>{}</title>'
        '<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/>{}</g>',
        state,
        told,
        x,
        top,
        size.width,
        height,
        fill,
        cross if state == "failed" else "",
    )


def _told(runs: Sequence[Execution]) -> str:
    counts: dict[str, int] = {}
    for run in runs:
        counts[run.status] = counts.get(run.status, 0) + 1
    return ", ".join(f"{count} {gettext(Status(status).label)}" for status, count in counts.items())
