"""A run while it goes on: how far it is, what happened, and its newest lines."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from scheduling import executions
from scheduling.admin.display import clock_time
from scheduling.admin.story import story
from scheduling.models import Execution

LINES_SHOWN = 200


def live_context(execution: Execution) -> dict[str, Any]:
    """For the template `live.html`."""
    done, total = execution.progress_done or 0, execution.progress_total
    newest = list(execution.lines.order_by("-id")[:LINES_SHOWN])
    return {
        "percent": min(100, round(100 * done / total)) if total else None,
        "done": f"{done:,}",
        "total": f"{total:,}" if total else "",
        "story": story(execution),
        "lines": [f"{clock_time(line.at)} {line.level} {line.text}" for line in reversed(newest)],
    }


def live_run(request: HttpRequest, execution: Execution) -> HttpResponse:
    """A piece of the run's page; once the run has ended the browser is told to load the whole page again."""
    answer = render(request, "admin/scheduling/execution/live.html", live_context(execution))
    if execution.status not in executions.ACTIVE:
        answer.headers["HX-Refresh"] = "true"
    return answer
