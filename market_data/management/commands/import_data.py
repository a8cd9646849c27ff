"""Store the rows of people's own files."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from market_data.data_import import import_files
from market_data.datasets import DATASETS, dataset_named
from market_data.engine.sync import COMPLETE, INCOMPLETE
from market_data.management.reporting import ReportingCommand


class Command(ReportingCommand):
    help = (
        "Store rows of CSV or Parquet files, in Tushare's columns and units or in ours, so that they are never asked "
        "for again. What is stored stays as it is. A file that turns out bad has left the rows before the bad one; "
        "importing it again goes on from there. Exit code 1 when not every row was taken."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dataset", metavar="DATASET", help=f"one of: {', '.join(DATASETS)}")
        parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help=".csv, .csv.gz or .parquet")
        parser.add_argument(
            "--units", choices=["native", "tushare"], help="columns and units (default: what the header tells)"
        )

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        done = import_files(dataset_named(options["dataset"]), options["files"], options["units"])
        for complaint in done.complaints:
            self.stderr.write(self.style.ERROR(complaint))
        return done.as_json(), COMPLETE if done.complete else INCOMPLETE
