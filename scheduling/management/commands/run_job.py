"""Run a job now, in this process."""

import argparse
import json
from typing import Any

from django.core.management.base import CommandParser

from scheduling import installing, registry, running
from scheduling.context import Status
from scheduling.management.reporting import INCOMPLETE, ReportingCommand


def json_object(text: str) -> dict[str, Any]:
    """An argument that is a JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object; write one such as '{{\"limit\": 5}}'")
    return value


class Command(ReportingCommand):
    help = "Run a job once, now, in this process, and record it like every other run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("job_id", metavar="JOB_ID")
        parser.add_argument("--kwargs", type=json_object, default={}, metavar="JSON", help="go over the job's own")

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        declared = registry.find(options["job_id"])
        if declared and not declared.is_template:
            installing.install(declared)
        execution = running.run_here(options["job_id"], options["kwargs"])
        if execution.error_message:
            self.stderr.write(execution.error_message)
        report = {
            "execution_id": str(execution.id),
            "status": execution.status,
            "duration_ms": execution.duration_ms,
            "result": execution.result,
        }
        return report, 0 if execution.status == Status.SUCCESS else INCOMPLETE
