"""What happened to an execution, told in order."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from scheduling.admin.display import clock_time, duration, status_text
from scheduling.context import Status
from scheduling.models import Execution


def story(execution: Execution) -> SafeString:
    """A line for each thing that happened."""
    lines = [*_beginning(execution), *_troubles(execution), *_end(execution)]
    return format_html_join("", "<div>{}</div>", [[line] for line in lines])


def _beginning(execution: Execution) -> list[str]:
    due = f", due at {clock_time(execution.scheduled_for)}" if execution.scheduled_for else ""
    lines = [f"{clock_time(execution.queued_at)}: queued ({execution.get_trigger_display().lower()}){due}"]
    if execution.started_at:
        lines.append(f"{clock_time(execution.started_at)}: started")
    if execution.attempt:
        lines.append(f"Attempt {execution.attempt} on {execution.worker}")
    return lines


def _troubles(execution: Execution) -> list[str]:
    lines = []
    if execution.failures or execution.losses:
        lines.append(f"Attempts that failed: {execution.failures}, that lost their worker: {execution.losses}")
    if execution.status == Status.QUEUED and execution.not_before:
        lines.append(f"The next attempt starts after {clock_time(execution.not_before)}")
    if execution.overdue_at and execution.finish_by:
        overdue, limit = clock_time(execution.overdue_at), clock_time(execution.finish_by)
        lines.append(f"{overdue}: overdue; it should have ended by {limit}")
    return lines


def _end(execution: Execution) -> list[str]:
    lines = []
    if execution.cancel_requested_at:
        then = "; it ends at its next checkpoint" if execution.status == Status.RUNNING else ""
        lines.append(f"{clock_time(execution.cancel_requested_at)}: a person asked for its end{then}")
    if execution.finished_at:
        took = f" after {duration(execution.duration_ms)}" if execution.duration_ms is not None else ""
        ended = clock_time(execution.finished_at)
        lines.append(format_html("{}: ended as {}{}", ended, status_text(execution.status), took))
    return lines
