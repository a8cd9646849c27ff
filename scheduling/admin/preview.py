"""A schedule explained while it is being typed: in words, with its next five runs, or why it cannot be."""

from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from scheduling import control, registry
from scheduling.admin.schedule_text import moment_in
from scheduling.cron import cron_warning
from scheduling.exceptions import ConfigurationError
from scheduling.schedules import Schedule, next_runs

RUNS_SHOWN = 5
VIEW = "scheduling.view_jobconfig"
CHANGE = "scheduling.change_jobconfig"
ADD = "scheduling.add_jobconfig"


def preview(request: HttpRequest) -> HttpResponse:
    """A piece of the job's page for the cron expression, the interval and the zone that the address names."""
    if not any(request.user.has_perm(permission) for permission in (VIEW, CHANGE, ADD)):
        raise PermissionDenied
    expression = request.GET.get("cron_expression", "").strip()
    zone = request.GET.get("timezone", "").strip() or registry.DEFAULT_TIMEZONE
    context: dict[str, object] = {}
    try:
        schedule = _schedule(expression, request.GET.get("interval", ""), zone)
        if schedule:
            moments = next_runs(schedule, timezone.now(), RUNS_SHOWN)
            context = {
                "sentence": schedule.sentence(),
                "warning": cron_warning(expression) if expression else "",
                "moments": [moment_in(moment, ZoneInfo(zone)) for moment in moments],
            }
    except ConfigurationError as error:
        context = {"refusal": str(error)}
    return render(request, "admin/scheduling/jobconfig/preview.html", context)


def _schedule(expression: str, interval: str, zone: str) -> Schedule | None:
    if expression:
        return control.cron(expression, zone)
    return control.interval(int(interval)) if interval.isdecimal() else None
