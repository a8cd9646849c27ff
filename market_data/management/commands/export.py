"""Write stored data to a file."""

from typing import Any

from django.core.management.base import CommandParser

from market_data.datasets import DATASETS, Dataset, Parts, dataset_named
from market_data.engine.orders import Order, check_order, known_symbols
from market_data.exceptions import UsageError
from market_data.exporting import Selection, export
from market_data.management.reporting import ReportingCommand, add_window


class Command(ReportingCommand):
    help = "Write what is stored of a dataset to a CSV or Parquet file, in our units or exactly as Tushare sent it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dataset", metavar="DATASET", help=f"one of: {', '.join(DATASETS)}")
        add_window(parser)
        parser.add_argument(
            "--adjust", choices=["none", "qfq", "hfq"], default="none", help="forward or backward adjusted prices"
        )
        parser.add_argument("--format", choices=["csv", "parquet"], default="csv")
        parser.add_argument("--units", choices=["native", "tushare"], default="native", help="columns and units")
        parser.add_argument("--output", required=True, metavar="FILE", help="where to; - is standard output")

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        dataset = dataset_named(options["dataset"])
        order = Order(options["start"], options["end"], options["symbols"])
        check_order(order)
        symbols = _symbols(dataset, order)
        selection = Selection(dataset, order.start, order.end, symbols, options["adjust"], options["units"])
        self._silent = options["output"] == "-" and not options["json"]
        rows = export(selection, options["format"], options["output"])
        return {"rows": rows, "file": options["output"]}, 0

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
