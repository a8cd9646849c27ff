"""Ask again for what was given up."""

from typing import Any

from django.core.management.base import CommandParser

from market_data.datasets import WITH_LEDGER, dataset_with_ledger
from market_data.demo import demo_provider
from market_data.engine.sync import retry_failures
from market_data.management.reporting import ReportingCommand


class Command(ReportingCommand):
    help = "Ask again for every failure that is not resolved, those that wait for a person included."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dataset", help=f"only of this dataset: {', '.join(WITH_LEDGER)}")

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        names = [dataset_with_ledger(options["dataset"]).name] if options["dataset"] else list(WITH_LEDGER)
        with demo_provider(self.stderr.write):
            retried = retry_failures(names)
        for sentence in retried.reasons:
            self.stderr.write(sentence)
        report = {"retried": retried.retried, "resolved": retried.resolved, "remaining": retried.remaining}
        return report, retried.exit_code
