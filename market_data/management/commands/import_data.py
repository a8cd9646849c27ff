"""Store the rows of people's own files."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from market_data.datasets import DATASETS, Dataset, dataset_named
from market_data.engine.sync import COMPLETE, INCOMPLETE
from market_data.exceptions import MarketDataError
from market_data.files.importing import Imported, Reading, import_files, look_at_files
from market_data.management.progress import row_counter
from market_data.management.reporting import ReportingCommand


class Command(ReportingCommand):
    help = (
        "Store rows of CSV, text or Parquet files, as saved from Tushare, AkShare, baostock, Tongdaxin, JoinQuant, "
        "qlib or yfinance, or in our own columns, so that they are never asked for again. Bars must be unadjusted: "
        "files with adjusted prices or in other units are refused. What is stored stays as it is. A row that cannot "
        "be stored costs that row; a file that turns out damaged has left the rows before. Exit code 1 when not every "
        "row was taken."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dataset", metavar="DATASET", help=f"one of: {', '.join(DATASETS)}")
        parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help=".csv, .csv.gz, .txt, .tsv or .parquet")
        parser.add_argument(
            "--units", choices=["native", "tushare"], help="columns and units (default: what the header tells)"
        )
        parser.add_argument(
            "--symbol", metavar="S", help="whose bars these are, for files that do not tell it, such as 600000.SH"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="show how the files are read and their first ten rows; store nothing"
        )
        parser.add_argument(
            "--force", action="store_true", help="take files whose units or prices look wrong, such as adjusted bars"
        )

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        dataset = dataset_named(options["dataset"])
        wishes = Reading(options["units"], options["symbol"], options["force"])
        if options["dry_run"]:
            done, mappings = look_at_files(dataset, options["files"], wishes)
            report = done.as_json() | {"dry_run": True, "mapping": mappings}
        else:
            say = (lambda sentence: None) if options["json"] else self.stdout.write
            done = self._import(dataset, options["files"], wishes, say)
            report = done.as_json()
        for complaint in done.complaints:
            self.stderr.write(self.style.ERROR(complaint))
        return report, COMPLETE if done.complete else INCOMPLETE

    def show(self, report: dict[str, Any]) -> None:
        for found in report.pop("mapping", []):
            sample = found.pop("sample")
            super().show(found)
            for row in sample:
                self.stdout.write("  " + ", ".join(f"{name} {value}" for name, value in row.items()))
        super().show(report)

    def _import(self, dataset: Dataset, files: list[Path], wishes: Reading, say: Callable[[str], object]) -> Imported:
        try:
            with row_counter(sys.stderr, dataset.name) as watch:
                return import_files(dataset, files, wishes, watch, say)
        except KeyboardInterrupt:
            raise MarketDataError("Stopped. What was read is stored; the same command goes on from there.") from None
