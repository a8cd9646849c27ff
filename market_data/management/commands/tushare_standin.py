"""`manage.py tushare_standin`: a server that speaks as Tushare does, for demonstrations and tests."""

import argparse
import signal
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from market_data.standin.market.folder import read_market
from market_data.standin.market.generated import generate_market
from market_data.standin.market.tables import Market
from market_data.standin.tushare.rules import Rules
from market_data.standin.tushare.server import Standin


class Command(BaseCommand):
    help = "Answer Tushare's protocol from a folder of CSV files or from a made-up market, until it is stopped."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        _add_market_arguments(parser)
        _add_rule_arguments(parser.add_argument_group("rules"))
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=0, help="0 picks one")
        parser.add_argument("--log", type=Path, metavar="FILE", help="one JSON line per call")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt), _server(options) as server:
            self.stdout.write(f"listening on {server.url}")
            self.stdout.flush()
            Event().wait()


def _server(options: dict[str, Any]) -> Standin:
    try:
        rules = _rules(options)
        return Standin(_market(options), rules, host=options["host"], port=options["port"], log=options["log"])
    except (ValueError, OSError) as error:
        raise CommandError(str(error)) from error


def _add_market_arguments(parser: CommandParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, metavar="FOLDER", help="serve <api_name>.csv[.gz] files")
    source.add_argument("--stocks", type=int, metavar="N", help="make up a market of N stocks")
    parser.add_argument("--days", type=int, default=250, help="trading days of the made-up market")
    parser.add_argument("--end", default="20251231", metavar="YYYYMMDD", help="its last day")
    parser.add_argument("--seed", type=int, default=0, help="of the made-up market and of the faults")


def _add_rule_arguments(rules: argparse._ArgumentGroup) -> None:
    rules.add_argument("--token", action="append", metavar="T", help="accept only these tokens")
    rules.add_argument("--deny", action="append", metavar="API")
    rules.add_argument("--allow-only", action="append", metavar="API")
    rules.add_argument("--quota", action="append", metavar="[API=]CALLS/SECONDS")
    rules.add_argument("--quota-wording", metavar="WORDS", help="old or new, minute, hour or day: old,hour")
    rules.add_argument("--count-rejected", action="store_true", help="refused calls use up the quota too")
    rules.add_argument("--ip-limit", action="store_true")
    rules.add_argument("--banned", action="store_true")
    rules.add_argument("--latency", type=float, metavar="SECONDS")
    rules.add_argument("--late", action="append", metavar="YYYYMMDD", help="a day without bars")
    rules.add_argument("--partial", type=_pair, action="append", metavar="YYYYMMDD=SHARE")
    rules.add_argument("--restate", type=_pair, action="append", metavar="YYYYMMDD=FACTOR")
    rules.add_argument("--fault", type=_pair, action="append", metavar="NAME=RATE")
    rules.add_argument("--faults", type=float, metavar="RATE", help="spread over the common faults")
    rules.add_argument("--fault-start", type=int, metavar="N", help="the first N calls are clean")
    rules.add_argument("--hang", type=float, metavar="SECONDS", help="how long a timeout takes")
    rules.add_argument("--cap", type=_pair, action="append", metavar="API=ROWS")


def _pair(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    return name, int(number) if number.isdigit() else float(number)


def _market(options: dict[str, Any]) -> Market:
    if options["data"]:
        return read_market(options["data"])
    return generate_market(options["stocks"], options["days"], options["seed"], options["end"])


def _rules(options: dict[str, Any]) -> Rules:
    names = {name: value for name, value in options.items() if name in Rules.__dataclass_fields__ and value is not None}
    for name in ("partial", "restate", "fault", "cap"):
        if name in names:
            names[name] = dict(names[name])
    return Rules().changed(names)
