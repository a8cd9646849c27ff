"""Look at everything that a working installation needs."""

from typing import Any

from market_data.diagnosis import FAIL, examine
from market_data.management.reporting import ReportingCommand
from market_data.scrubbing import without_in_json
from stocksync.diagnosis import LOOKS
from stocksync.secrets import known_secrets


class Command(ReportingCommand):
    help = "Check settings, database, broker, workers, beat, clocks, provider and calendar. Exit code 1 when one fails."

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        checks = without_in_json(examine(LOOKS), known_secrets())
        return {"checks": checks}, 1 if any(check["status"] == FAIL for check in checks) else 0

    def show(self, report: dict[str, Any]) -> None:
        for check in report["checks"]:
            self.stdout.write(f"{check['status']:5} {check['name']:10} {check['message']}")
