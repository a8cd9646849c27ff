"""`manage.py yahoo_standin`: a server that speaks as Yahoo's charts do, for demonstrations and tests."""

import signal
from contextlib import suppress
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from market_data.standin.yahoo.charts import Chart, generate_charts, read_charts
from market_data.standin.yahoo.faults import FAULTS
from market_data.standin.yahoo.server import Fault, YahooStandin


class Command(BaseCommand):
    help = "Answer Yahoo's chart interface from a folder of CSV files or with made-up prices, until it is stopped."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--data", type=Path, metavar="FOLDER", help="serve <SYMBOL>.csv[.gz] files")
        source.add_argument("--symbols", metavar="A,B", help="make up prices of these, written as Yahoo does")
        parser.add_argument("--days", type=int, default=250, help="trading days of the made-up prices")
        parser.add_argument("--end", type=date.fromisoformat, default=date(2025, 12, 31), metavar="YYYYMMDD")
        parser.add_argument("--seed", type=int, default=0, help="of the made-up prices")
        parser.add_argument("--fault", action="append", default=[], metavar="SYMBOL=NAME", help=", ".join(FAULTS))
        parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
        parser.add_argument("--hang", type=float, default=60.0, metavar="SECONDS", help="how long a hang takes")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=0, help="0 picks one")
        parser.add_argument("--log", type=Path, metavar="FILE", help="one JSON line per call")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt), _server(options) as server:
            self.stdout.write(f"listening on {server.url}")
            self.stdout.flush()
            Event().wait()


def _server(options: dict[str, Any]) -> YahooStandin:
    faults = dict(_fault(text) for text in options["fault"])
    try:
        server = YahooStandin(
            _charts(options),
            made_up=not options["data"],
            **{name: options[name] for name in ("latency", "hang", "host", "port", "log")},
        )
    except (ValueError, OSError) as error:
        raise CommandError(str(error)) from error
    server.faults |= faults
    return server


def _fault(text: str) -> tuple[str, Fault]:
    symbol, _, name = text.rpartition("=")
    if name not in FAULTS or not symbol:
        raise CommandError(f"{text!r} is not written SYMBOL=NAME; the names are: {', '.join(FAULTS)}.")
    return symbol, Fault(name)


def _charts(options: dict[str, Any]) -> dict[str, Chart]:
    if options["data"]:
        return read_charts(options["data"])
    symbols = [symbol.strip() for symbol in options["symbols"].split(",") if symbol.strip()]
    return generate_charts(symbols, options["days"], options["seed"], options["end"])
