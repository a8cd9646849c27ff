"""Take over the JSON progress files of the predecessor."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from market_data.engine.sync import COMPLETE, INCOMPLETE
from market_data.files.predecessor_state import import_json_state
from market_data.management.reporting import ReportingCommand


class Command(ReportingCommand):
    help = (
        "Import sync_daily_state.json, sync_finance_state.json and sync_finance_failures.json, once. A file of another "
        "shape is refused, and the others are imported."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        done = import_json_state(options["folder"])
        for complaint in done.complaints:
            self.stderr.write(self.style.ERROR(complaint))
        return {"imported": done.imported}, INCOMPLETE if done.complaints else COMPLETE
