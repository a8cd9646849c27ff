"""Bring a dataset, or all of them, up to date."""

import signal
import sys
import threading
from types import FrameType
from typing import Any

from django.core.management.base import CommandParser

from market_data.datasets import DATASETS, IN_ALL
from market_data.demo import demo_provider
from market_data.engine.orders import Order
from market_data.engine.pricing import price
from market_data.engine.sync import Outcome, Session, sync, sync_all
from market_data.management.progress import progress_bar
from market_data.management.reporting import ReportingCommand, add_window

ASK_ABOVE_SECONDS = 600
COLUMNS = {"dataset": "12", "status": "10", "calls": ">6,", "rows": ">12,", "inserted": ">12,", "updated": ">8,"}
COLUMNS |= {"failures": ">5,", "seconds": ">8.1f", "rows_expected": ">12,", "seconds_expected": ">8.1f"}
TOTALS = ("calls", "rows", "inserted", "updated", "unchanged", "failures", "seconds")


class Command(ReportingCommand):
    help = "Plan, fetch and store what is missing of a dataset; what it depends on comes first. Newest days first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dataset", metavar="DATASET", help=f"all, or one of: {', '.join(DATASETS)}")
        add_window(parser)
        parser.add_argument("--provider", default="", help="who is asked (default: the dataset's own, mostly tushare)")
        parser.add_argument("--refetch", action="store_true", help="ask for everything again, stored or not")
        parser.add_argument("--dry-run", action="store_true", help="show what it would cost and send nothing")
        parser.add_argument("--yes", action="store_true", help="do not ask before a plan of more than ten minutes")

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        order = Order(
            options["start"], options["end"], options["symbols"], options["provider"], refetch=options["refetch"]
        )
        name = options["dataset"]
        if options["dry_run"]:
            return self._priced(name, order), 0
        with demo_provider(self.stderr.write), progress_bar(sys.stderr) as watch:
            if not options["yes"] and not options["json"] and sys.stdin.isatty() and not self._agreed(name, order):
                return {"status": "not started"}, 0
            session = Session(watch, _stop_on_signals())
            outcomes = sync_all(order, session) if name == "all" else [sync(name, order, session)]
        self._explain(outcomes)
        code = max((outcome.exit_code for outcome in outcomes), default=1)
        return (_totals(outcomes) if name == "all" else outcomes[0].as_json()), code

    def _priced(self, name: str, order: Order) -> dict[str, Any]:
        if name != "all":
            return price(name, order)
        prices = [price(dataset, order) for dataset in IN_ALL]
        sums = {key: sum(p[key] for p in prices) for key in ("calls", "rows_expected", "seconds_expected")}
        return {"dataset": "all", **sums, "datasets": prices}

    def _agreed(self, name: str, order: Order) -> bool:
        cost = self._priced(name, order)
        if cost["seconds_expected"] <= ASK_ABOVE_SECONDS:
            return True
        question = (
            f"{cost['calls']} calls, about {cost['seconds_expected'] / 60:.0f} minutes at your quota. Go on? [y/N] "
        )
        return input(question).strip().lower() in ("y", "yes")

    def _explain(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.reason:
                self.stderr.write(self.style.ERROR(f"{outcome.dataset}: {outcome.reason}"))

    def show(self, report: dict[str, Any]) -> None:
        for part in report.get("datasets") or [report]:
            self.stdout.write("  ".join(f"{part[name]:{width}}" for name, width in COLUMNS.items() if name in part))


def _totals(outcomes: list[Outcome]) -> dict[str, Any]:
    reports = [outcome.as_json() for outcome in outcomes]
    worst = max(outcomes, key=lambda outcome: outcome.exit_code, default=None)
    sums = {name: sum(report[name] for report in reports) for name in TOTALS}
    status = worst.status if worst else "FAILED"
    return {"task_id": None, "dataset": "all", "status": status, **sums, "datasets": reports}


def _stop_on_signals() -> threading.Event:
    """Ctrl-C and SIGTERM let what is in flight arrive; a second one ends at once."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, on_signal)
        signal.signal(signal.SIGTERM, on_signal)
    return stop
