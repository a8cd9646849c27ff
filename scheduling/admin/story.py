"""What happened to an execution, told in order."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from scheduling.admin.display import clock_time, duration, status_text
from scheduling.context import Status
from scheduling.models import Execution


def story(execution: Execution) -> SafeString:
    """A line for each thing that happened."""
    lines = [*_beginning(execution), *_troubles(execution), *_end(execution)]
    return format_html_join("", "<div>{}</div>", [[line] for line in lines])


def _beginning(execution: Execution) -> list[str]:
    due = (
        gettext(", due at %(time)s") % {"time": clock_time(execution.scheduled_for)} if execution.scheduled_for else ""
    )
    lines = [
        gettext("%(time)s: queued (%(trigger)s)%(due)s")
        % {
            "time": clock_time(execution.queued_at),
            "trigger": execution.get_trigger_display().lower(),
            "due": due,
        }
    ]
    if execution.started_at:
        lines.append(gettext("%(time)s: started") % {"time": clock_time(execution.started_at)})
    if execution.attempt:
        lines.append(gettext("Attempt %(n)s on %(worker)s") % {"n": execution.attempt, "worker": execution.worker})
    return lines


def _troubles(execution: Execution) -> list[str]:
    lines = []
    if execution.failures or execution.losses:
        lines.append(
            gettext("Attempts that failed: %(failures)s, that lost their worker: %(losses)s")
            % {"failures": execution.failures, "losses": execution.losses}
        )
    if execution.status == Status.QUEUED and execution.not_before:
        lines.append(gettext("The next attempt starts after %(time)s") % {"time": clock_time(execution.not_before)})
    if execution.overdue_at and execution.finish_by:
        overdue, limit = clock_time(execution.overdue_at), clock_time(execution.finish_by)
        lines.append(
            gettext("%(time)s: overdue; it should have ended by %(limit)s") % {"time": overdue, "limit": limit}
        )
    return lines


def _end(execution: Execution) -> list[str]:
    lines = []
    if execution.cancel_requested_at:
        then = gettext("; it ends at its next checkpoint") if execution.status == Status.RUNNING else ""
        lines.append(
            gettext("%(time)s: a person asked for its end%(then)s")
            % {"time": clock_time(execution.cancel_requested_at), "then": then}
        )
    if execution.finished_at:
        took = (
            gettext(" after %(time)s") % {"time": duration(execution.duration_ms)}
            if execution.duration_ms is not None
            else ""
        )
        ended = clock_time(execution.finished_at)
        lines.append(format_html(gettext("{}: ended as {}{}"), ended, status_text(execution.status), took))
    return lines
