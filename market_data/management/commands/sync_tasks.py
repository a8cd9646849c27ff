"""Show the sync tasks, or tell one what to do."""

from typing import Any

from django.core.management.base import CommandParser

from market_data.engine.running import tasks
from market_data.engine.sync import resume
from market_data.management.reporting import ReportingCommand
from market_data.models import SyncTask

SHOWN = 50


class Command(ReportingCommand):
    help = "Show the latest sync tasks with their progress, or pause, resume or cancel one."

    def add_arguments(self, parser: CommandParser) -> None:
        one = parser.add_mutually_exclusive_group()
        one.add_argument("--pause", metavar="ID", help="stop it after the requests in flight and keep its plan")
        one.add_argument("--resume", metavar="ID", help="go on with a paused or failed one, in this process")
        one.add_argument("--cancel", metavar="ID", help="stop it after the requests in flight and drop its plan")

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        code = 0
        if options["pause"]:
            tasks.pause(options["pause"])
        elif options["cancel"]:
            tasks.cancel(options["cancel"])
        elif options["resume"]:
            outcome = resume(options["resume"])
            code = outcome.exit_code
            if outcome.reason:
                self.stderr.write(outcome.reason)
        return {"tasks": [as_json(task) for task in SyncTask.objects.order_by("-updated_at")[:SHOWN]]}, code

    def show(self, report: dict[str, Any]) -> None:
        for task in report["tasks"]:
            self.stdout.write(
                f"{task['id']}  {task['dataset']:12} {task['status']:9} {task['current_offset']:>6} of "
                f"{task['requests']:>6} requests {task['total_processed']:>12,} rows  {task['reason']}"
            )


def as_json(task: SyncTask) -> dict[str, Any]:
    """A task with its progress."""
    moments = ("started_at", "updated_at", "completed_at")
    names = ("job_type", "dataset", "status", "current_offset", "batch_size", "total_processed", "reason", "config")
    return {
        "id": str(task.id),
        **{name: getattr(task, name) for name in names},
        "requests": task.requests.exclude(state="split").count(),
        **{name: moment.isoformat() if (moment := getattr(task, name)) else None for name in moments},
    }
