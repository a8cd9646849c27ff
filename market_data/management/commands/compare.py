"""Compare what two providers say of the same stocks and days."""

import argparse
from typing import Any

from django.core.management.base import CommandParser

from market_data.datasets import DATASETS, Parts, dataset_named
from market_data.engine.ledger import clock
from market_data.engine.orders import Order, check_order, known_symbols
from market_data.engine.sync import COMPLETE, INCOMPLETE
from market_data.files.comparing import LOCAL, Question, compare
from market_data.management.reporting import ReportingCommand, day, symbols

TOLERANCE = 0.0001


class Command(ReportingCommand):
    help = (
        "Ask two providers for the same stocks and days, and list the cells on which they differ or which only one "
        "has. Nothing is stored. Exit code 1 when they differ."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        names = [name for name, d in DATASETS.items() if d.parts == Parts.CELLS and not d.keeps_versions]
        parser.add_argument("dataset", metavar="DATASET", help=f"one of: {', '.join(names)}")
        parser.add_argument(
            "--providers",
            type=pair,
            required=True,
            metavar="A,B",
            help=f"such as tushare,akshare; {LOCAL}: what is stored",
        )
        parser.add_argument("--symbols", type=symbols, required=True, metavar="A,B", help="such as 600000.SH")
        parser.add_argument("--start", type=day, required=True, metavar="YYYYMMDD", help="first day")
        parser.add_argument("--end", type=day, metavar="YYYYMMDD", help="last day (default: today)")
        parser.add_argument(
            "--tolerance", type=share, default=TOLERANCE, help=f"relative difference that counts as none ({TOLERANCE})"
        )

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        dataset = dataset_named(options["dataset"])
        end = options["end"] or clock.today()
        check_order(Order(options["start"], end))
        wanted = known_symbols(options["symbols"]) or ()
        found = compare(Question(dataset, options["providers"], wanted, options["start"], end, options["tolerance"]))
        return found.as_json(), COMPLETE if found.agrees else INCOMPLETE

    def show(self, report: dict[str, Any]) -> None:
        one, other = report["providers"]
        for cell in report["cells"]:
            where = f"{cell['symbol']} {cell['trade_date']} {cell['column']}"
            self.stdout.write(f"{where}: {one} {cell[one]}, {other} {cell[other]}")
        for row in report["only"]:
            columns = ", ".join(row["columns"])
            self.stdout.write(f"{row['symbol']} {row['trade_date']}: only {row['provider']} has {columns}")
        self.stdout.write(f"{report['compared']:,} cells compared, {report['different']:,} differ")


def pair(text: str) -> tuple[str, str]:
    """An argument written A,B."""
    names = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if len(names) != 2:
        raise argparse.ArgumentTypeError("name two providers, such as tushare,akshare")
    return names


def share(text: str) -> float:
    """A number from 0 on, such as 0.0001."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 on, such as 0.0001")
    return number
