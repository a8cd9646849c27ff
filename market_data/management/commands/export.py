"""Write stored data to a file."""

from typing import Any

from django.core.management.base import CommandParser

from market_data.datasets import DATASETS, Dataset, Parts, dataset_named
from market_data.engine.orders import Order, check_order, known_symbols
from market_data.exceptions import UsageError
from market_data.files.exporting import Selection, Shape, export, format_of
from market_data.files.output import is_standard_output
from market_data.management.reporting import ReportingCommand, add_window


class Command(ReportingCommand):
    help = "Write what is stored of a dataset to CSV or Parquet, in our units or exactly as Tushare sent it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dataset", metavar="DATASET", help=f"one of: {', '.join(DATASETS)}")
        add_window(parser)
        parser.add_argument(
            "--adjust", choices=["none", "qfq", "hfq"], default="none", help="forward or backward adjusted prices"
        )
        parser.add_argument(
            "--format", choices=["csv", "csv.gz", "parquet"], help="default: what the file's ending says, else CSV"
        )
        parser.add_argument("--partition", choices=["year"], default="", help="a folder with a part for each year")
        parser.add_argument("--layout", choices=["qlib"], default="", help="a folder with a CSV for each symbol")
        parser.add_argument("--bom", action="store_true", help="begin CSV so that Excel reads it as UTF-8")
        parser.add_argument("--units", choices=["native", "tushare"], default="native", help="columns and units")
        parser.add_argument("--spreadsheet", action="store_true", help="no text of a CSV can pass for a formula")
        parser.add_argument("--output", required=True, metavar="FILE", help="daily.parquet, say; - is standard output")

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        dataset = dataset_named(options["dataset"])
        order = Order(options["start"], options["end"], options["symbols"])
        check_order(order)
        symbols = _symbols(dataset, order)
        how = options["adjust"], options["units"], options["spreadsheet"]
        selection = Selection(dataset, order.start, order.end, symbols, *how)
        self._silent = is_standard_output(options["output"]) and not options["json"]
        shape = Shape(options["partition"], options["layout"], options["bom"])
        done = export(selection, options["format"] or format_of(options["output"]), options["output"], shape)
        if done.factor_filled:
            self.stderr.write(
                f"{done.factor_filled:,} bars have no adjustment factor of their day; the one before it was taken. "
                "`gaps adj_factor` tells which are missing."
            )
        return {"rows": done.rows, "file": options["output"], "factor_filled": done.factor_filled}, 0

    def show(self, report: dict[str, Any]) -> None:
        if not self._silent:
            self.stdout.write(f"{report['rows']:,} rows in {report['file']}")


def _symbols(dataset: Dataset, order: Order) -> tuple[str, ...] | None:
    """The symbols to export; None: all. Raises UsageError for one that nobody knows."""
    if dataset.parts != Parts.NAMED:
        return known_symbols(order.symbols) if "symbol" in dataset.columns else None
    rows = dataset.model._default_manager.all()
    unknown = [symbol for symbol in order.symbols or () if not rows.filter(symbol=symbol).exists()]
    if unknown:
        raise UsageError(f"{dataset.name} has nothing of {', '.join(unknown)}; a watchlist brings it.")
    return order.symbols
