"""Rebuild the ledger from the data."""

from typing import Any

from django.core.management.base import CommandParser

from market_data.datasets import DATASETS, WITH_LEDGER, Parts, dataset_named
from market_data.engine.ledger import coverage
from market_data.management.reporting import ReportingCommand
from market_data.models import Partition


class Command(ReportingCommand):
    help = "Count every trading day of a dataset again from the stored rows, and bring the ledger in line with them."

    def add_arguments(self, parser: CommandParser) -> None:
        names = [name for name in WITH_LEDGER if DATASETS[name].parts != Parts.WHOLE]
        parser.add_argument("dataset", metavar="DATASET", choices=names, help=f"one of: {', '.join(names)}")

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        dataset = dataset_named(options["dataset"])
        coverage.rebuild(dataset)
        return {"dataset": dataset.name, "partitions": Partition.objects.filter(dataset=dataset.name).count()}, 0
