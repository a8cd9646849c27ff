"""Show the jobs and their schedules."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from scheduling import beat_rows, queries
from scheduling.management.reporting import ReportingCommand
from scheduling.models import JobConfig


class Command(ReportingCommand):
    help = "Show the jobs, their schedules, and when each runs next."

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        configs = beat_rows.with_schedules(JobConfig.objects.order_by("job_id"))
        return {"jobs": [as_json(config) for config in configs]}, 0

    def show(self, report: dict[str, Any]) -> None:
        for job in report["jobs"]:
            state = "off" if not job["enabled"] else "on" if job["paused"] is None else "paused"
            when = f"next {_local(job['next_run_at'])}" if job["next_run_at"] else job["note"]
            self.stdout.write(f"{job['job_id']:28} {state:6} {job['schedule']:44} {when}".rstrip())


def _local(moment: str) -> str:
    return f"{timezone.localtime(datetime.fromisoformat(moment)):%Y-%m-%d %H:%M %Z}"


def as_json(config: JobConfig) -> dict[str, Any]:
    """A job with its schedule and its next and last run."""
    schedule, runs = config.schedule, queries.possible_runs_of(config, 1)
    return {
        "job_id": config.job_id,
        "job_name": config.job_name,
        "schedule": schedule.sentence() if schedule else "by hand",
        "cron_expression": config.cron_expression,
        "timezone": config.timezone,
        "enabled": config.enabled,
        "paused": config.pause_note if config.paused_at else None,
        "note": config.note,
        "is_declared": config.declaration is not None,
        "job_kwargs": config.job_kwargs,
        "last_run_at": config.last_run_at.isoformat() if config.last_run_at else None,
        "next_run_at": runs[0].isoformat() if runs else None,
    }
