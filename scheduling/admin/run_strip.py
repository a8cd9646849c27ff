"""The last runs of a job as a strip: height is duration, shape and colour are how they ended."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
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

RUNS_SHOWN = 14
DAYS_LOOKED_BACK = 30
HEIGHT, STEP = 22, 8
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


def latest_runs(job_ids: Iterable[str]) -> dict[str, list[Execution]]:
    """The last runs of each job within a month, oldest first, in one question."""
    since = timezone.now() - timedelta(days=DAYS_LOOKED_BACK)
    place = Window(RowNumber(), partition_by=F("job_id"), order_by=F("queued_at").desc())
    rows = Execution.objects.filter(job_id__in=list(job_ids), queued_at__gte=since).annotate(place=place)
    found: defaultdict[str, list[Execution]] = defaultdict(list)
    columns = ("id", "job_id", "status", "queued_at", "duration_ms")
    for run in rows.filter(place__lte=RUNS_SHOWN).order_by("queued_at").only(*columns):
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


def strip(runs: Sequence[Execution]) -> SafeString | str:
    """A column for each run, newest right; a dash where there are none."""
    if not runs:
        return "–"
    longest = max((run.duration_ms or 0 for run in runs), default=0) or 1
    columns = [_column(at, run, longest) for at, run in enumerate(runs)]
    return format_html(
        '<svg class="r-runs" width="{0}" height="{1}" viewBox="0 0 {0} {1}" role="img" aria-label="{2}">{3}</svg>',
        len(runs) * STEP,
        HEIGHT,
        _told(runs),
        format_html_join("", "{}", [[column] for column in columns]),
    )


def _column(at: int, run: Execution, longest: int) -> SafeString:
    """Filled for a success, an outline for anything else, a cross for a failure."""
    state = _CLASSES.get(Status(run.status), "not_due")
    height = max(3, round((run.duration_ms or 0) / longest * (HEIGHT - 2)))
    x, top = at * STEP, HEIGHT - 1 - height
    told = f"{clock_time(run.queued_at)} {gettext(Status(run.status).label)} {duration(run.duration_ms)}"
    fill = "currentColor" if state == "complete" else "none"
    cross = format_html('<path d="M{},{}l5,5m0,-5l-5,5"/>', x, HEIGHT - 7)
    return format_html(
        '<g class="r-is-{}" stroke="currentColor"><title>{}</title>'
        '<rect x="{}" y="{}" width="5" height="{}" fill="{}"/>{}</g>',
        state,
        told,
        x,
        top,
        height,
        fill,
        cross if state == "failed" else "",
    )


def _told(runs: Sequence[Execution]) -> str:
    counts: dict[str, int] = {}
    for run in runs:
        counts[run.status] = counts.get(run.status, 0) + 1
    return ", ".join(f"{count} {gettext(Status(status).label)}" for status, count in counts.items())
