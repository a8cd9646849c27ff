"""Show what of a dataset is not complete."""

import getpass
from typing import Any

from django.core.management.base import CommandParser

from market_data.datasets import WITH_LEDGER, dataset_with_ledger
from market_data.engine.ledger.gaps import find_gaps
from market_data.engine.ledger.suspects import accept
from market_data.engine.orders import Order, check_order, window
from market_data.management.reporting import ReportingCommand, add_window, days


class Command(ReportingCommand):
    help = (
        "Show which trading days of a dataset are not complete. Exit code 1 while any is missing, partial, suspect or "
        "failed, or while nothing can be expected."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dataset", metavar="DATASET", help=f"one of: {', '.join(WITH_LEDGER)}")
        add_window(parser)
        parser.add_argument("--limit", type=int, default=1000, help="list at most this many symbols (default: 1000)")
        parser.add_argument(
            "--accept",
            type=days,
            metavar="DAY[,DAY…]",
            help="take what came on these suspect days for all there is; `whole` for a list",
        )

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        dataset = dataset_with_ledger(options["dataset"])
        if options["accept"] is not None:
            return {"accepted": accept(dataset, options["accept"], getpass.getuser())}, 0
        order = Order(options["start"], options["end"], options["symbols"])
        check_order(order)
        wanted = window(dataset, order)
        found = find_gaps(dataset, wanted.start, wanted.end, wanted.symbols, options["limit"])
        for sentence in found.blind:
            self.stderr.write(self.style.WARNING(sentence))
        return found.as_json(), 0 if found.are_closed else 1

    def show(self, report: dict[str, Any]) -> None:
        if "accepted" in report:
            self.stdout.write(f"{report['accepted']} accepted.")
            return
        counts = {k: v for k, v in report.items() if k not in ("dataset", "cells")}
        self.stdout.write(f"{report['dataset']}: " + ", ".join(f"{n:,} {state}" for state, n in counts.items()))
        for cell in report["cells"]:
            names = " ".join(cell["symbols"][:8]) + (" …" if len(cell["symbols"]) > 8 else "")
            self.stdout.write(
                f"{cell['trade_date'] or 'whole'}  {cell['state']:8} {cell['got']:>6} of {cell['expected']:>6}  {names}"
                + (f"  {cell['reason']}" if cell["reason"] else "")
            )
