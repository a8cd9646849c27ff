"""Check what is stored against itself."""

from typing import Any

from django.core.management.base import CommandParser

from market_data.demo import demo_provider
from market_data.engine.audit.auditing import AUDITED, audit
from market_data.engine.audit.repairing import repair
from market_data.engine.audit.scope import Scope
from market_data.engine.orders import Order, check_order, known_symbols
from market_data.management.reporting import ReportingCommand, add_window


class Command(ReportingCommand):
    help = (
        "Check what is stored against itself: each bar against the one before it, prices against turnover, valuation, "
        "money flow and limits, reports against their sums. Makes no call without --repair. Exit code 1 while anything "
        "is found."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("datasets", nargs="*", metavar="DATASET", help=f"default: all of {', '.join(AUDITED)}")
        add_window(parser)
        parser.add_argument("--limit", type=int, default=1000, help="list at most this many findings (default: 1000)")
        parser.add_argument(
            "--repair",
            action="store_true",
            help="ask again for the cells that are listed, within SYNC_RECHECK_MAX_CALLS",
        )

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        names, limit = options["datasets"], options["limit"]
        check_order(Order(options["start"], options["end"]))
        scope = Scope(options["start"], options["end"], known_symbols(options["symbols"]))
        report, code = audit(names, scope, limit), 0
        if options["repair"] and report.cells:
            with demo_provider(self.stderr.write):
                repaired = repair(report.cells)
            self.stderr.write(repaired.sentence)
            report, code = audit(names, scope, limit), repaired.exit_code
        return report.as_json(), max(code, 1 if report.findings else 0)

    def show(self, report: dict[str, Any]) -> None:
        self.stdout.write(f"{report['checked']:,} rows checked, {report['findings']:,} findings")
        for kind, count in report["kinds"].items():
            self.stdout.write(f"  {count:>8,} {kind}")
        for cell in report["cells"]:
            where = f"{cell['dataset']:12}  {cell['symbol']:10}  {cell['trade_date']}  {cell['kind']:14}"
            self.stdout.write(f"{where}  {_text(cell['saw'])} instead of {_text(cell['expected'])}")


def _text(value: float | str | None) -> str:
    return f"{value:g}" if isinstance(value, int | float) else value or "nothing"
