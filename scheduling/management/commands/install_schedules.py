"""Create what is missing of the default schedules."""

from typing import Any

from scheduling import installing
from scheduling.management.reporting import ReportingCommand


class Command(ReportingCommand):
    help = "Create what is missing of the default schedules, and touch nothing else."

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        created, kept = installing.install_schedules()
        return {"created": created, "kept": kept}, 0

    def show(self, report: dict[str, Any]) -> None:
        for name, jobs in report.items():
            self.stdout.write(f"{name}: {', '.join(jobs) or 'none'}")
