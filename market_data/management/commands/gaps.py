"""Show what of a dataset is not complete."""

from typing import Any

from django.core.management.base import CommandParser

from market_data.datasets import WITH_LEDGER, dataset_with_ledger
from market_data.engine.gaps import find_gaps
from market_data.engine.orders import Order, check_order, window
from market_data.management.reporting import ReportingCommand, add_window


class Command(ReportingCommand):
    help = "Show which trading days of a dataset are not complete. Exit code 1 while any is missing, partial or failed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dataset", metavar="DATASET", help=f"one of: {', '.join(WITH_LEDGER)}")
        add_window(parser)
        parser.add_argument("--limit", type=int, default=1000, help="list at most this many days (default: 1000)")

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        dataset = dataset_with_ledger(options["dataset"])
        order = Order(options["start"], options["end"], options["symbols"])
        check_order(order)
        wanted = window(dataset, order)
        found = find_gaps(dataset, wanted.start, wanted.end, wanted.symbols, options["limit"])
        return found.as_json(), 1 if found.open else 0

    def show(self, report: dict[str, Any]) -> None:
        counts = {k: v for k, v in report.items() if k not in ("dataset", "cells")}
        self.stdout.write(f"{report['dataset']}: " + ", ".join(f"{n:,} {state}" for state, n in counts.items()))
        for cell in report["cells"]:
            names = " ".join(cell["symbols"][:8]) + (" …" if len(cell["symbols"]) > 8 else "")
            self.stdout.write(
                f"{cell['trade_date'] or 'whole'}  {cell['state']:8} {cell['got']:>6} of {cell['expected']:>6}  {names}"
            )
