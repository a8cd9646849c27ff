"""When a job runs, in words. A schedule that cannot be, written past every check, says so instead of failing."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.html import format_html_join

from scheduling import queries
from scheduling.admin.display import warning
from scheduling.cron import cron_warning
from scheduling.exceptions import ConfigurationError
from scheduling.models import JobConfig


def sentence(config: JobConfig) -> str:
    """The schedule in plain English."""
    schedule = config.schedule
    if schedule is not None:
        return schedule.sentence()
    return f"After {config.run_after.job_id}" if config.run_after else "By hand"


def next_runs(config: JobConfig, count: int) -> str:
    """When the job runs next, in its own time zone, a line each; a dash for one that is disabled or paused."""
    try:
        moments = queries.next_runs_of(config, count)
    except ConfigurationError as error:
        return warning(error)
    return format_html_join("", "<div>{}</div>", [[_local(moment, config)] for moment in moments]) or "-"


def warnings(config: JobConfig) -> str:
    """What may surprise about the schedule; a dash where nothing does."""
    expression = config.cron_expression
    try:
        text = cron_warning(expression) if expression else ""
    except ConfigurationError as error:
        text = str(error)
    return warning(text) if text else "-"


def _local(moment: datetime, config: JobConfig) -> str:
    return f"{moment.astimezone(ZoneInfo(config.timezone)):%a %Y-%m-%d %H:%M:%S %Z}"
