"""When a job runs, in words. A schedule that cannot be, written past every check, says so instead of failing."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.translation import gettext

from scheduling import clock, daylight, queries
from scheduling.admin.display import warning
from scheduling.cron import cron_warning
from scheduling.exceptions import ConfigurationError
from scheduling.models import JobConfig


def sentence(config: JobConfig) -> str:
    """The schedule in plain English."""
    schedule = config.schedule
    if schedule is not None:
        return schedule.sentence()
    if config.run_after:
        return gettext("After %(job)s") % {"job": config.run_after.job_id}
    return gettext("By hand")


def next_runs(config: JobConfig, count: int) -> str:
    """When the job runs next, in its own time zone, a line each; a dash for one that is disabled or paused."""
    try:
        moments = queries.next_runs_of(config, count)
        zone = ZoneInfo(config.timezone)
    except ConfigurationError as error:
        return warning(error)
    return format_html_join("", "<div>{}</div>", [[moment_in(moment, zone)] for moment in moments]) or "-"


def warnings(config: JobConfig) -> str:
    """What may surprise about the schedule; a dash where nothing does."""
    expression = config.cron_expression
    try:
        texts = (
            [cron_warning(expression), *daylight.warnings(expression, config.timezone, clock.about_now())]
            if expression
            else []
        )
    except ConfigurationError as error:
        texts = [str(error)]
    text = " ".join(filter(None, texts))
    return warning(text) if text else "-"


def moment_in(moment: datetime, zone: ZoneInfo) -> str:
    """A moment in a time zone, with its weekday in the reader's language."""
    local = moment.astimezone(zone)
    return f"{date_format(local, 'D')} {local:%Y-%m-%d %H:%M:%S %Z}"
