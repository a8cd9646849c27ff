"""What the commands share: one JSON line, one sentence per error, the exit codes of the contract."""

import argparse
import json
import os
import sys
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, ProgrammingError

from market_data.engine.storing.origin import BANNER, is_made_up
from market_data.engine.sync import ALREADY_RUNNING, INCOMPLETE, PERMANENT, WRONG_USAGE
from market_data.exceptions import AlreadyRunning, MarketDataError, Permanent, UsageError


def day(text: str) -> date:
    """An argument written YYYYMMDD."""
    try:
        if len(text) != 8 or not text.isdigit():
            raise ValueError
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write YYYYMMDD, such as 20240131") from None


def days(text: str) -> list[date]:
    """An argument written DAY,DAY; `whole`, of a list, is none."""
    return [day(part) for part in text.split(",") if part.strip() not in ("", "whole")]


def symbols(text: str) -> tuple[str, ...]:
    """An argument written A,B."""
    found = tuple(dict.fromkeys(part.strip().upper() for part in text.split(",") if part.strip()))
    if not found:
        raise argparse.ArgumentTypeError("name at least one symbol, such as 600000.SH")
    return found


def add_window(parser: CommandParser) -> None:
    """The arguments --start, --end and --symbols."""
    parser.add_argument("--start", type=day, metavar="YYYYMMDD", help="first day")
    parser.add_argument("--end", type=day, metavar="YYYYMMDD", help="last day (default: today)")
    parser.add_argument("--symbols", type=symbols, metavar="A,B", help="only these symbols, such as 600000.SH")


class ReportingCommand(BaseCommand):
    """A command with `--json`. `work` returns the JSON object and the exit code."""

    # They are about the web site, and looking at all its pages takes longer than most commands; `start` and `check` do.
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", help="one JSON object as the last line of standard output")
        return parser

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        raise NotImplementedError

    def show(self, report: dict[str, Any]) -> None:
        """Print the report for a person."""
        for name, value in report.items():
            self.stdout.write(f"{name}: {value}")

    def handle(self, *args: Any, **options: Any) -> None:
        report, code = self._report(options)
        if settings.DEMO_FOLLOWED:
            self.stderr.write("This is the demonstration that `start` has begun; TUSHARE_TOKEN brings real data.")
        if report is not None:
            if self._holds_made_up_data():
                self.stderr.write(self.style.WARNING(BANNER))
            if options["json"]:
                self.stdout.write(json.dumps(report, default=str, ensure_ascii=False))
            else:
                self._show(report)
        if code:
            sys.exit(code)

    def _show(self, report: dict[str, Any]) -> None:
        try:
            self.show(report)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader, such as `head`, has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _report(self, options: dict[str, Any]) -> tuple[dict[str, Any] | None, int]:
        try:
            return self.work(**options)
        except UsageError as error:
            return self._fail(error, WRONG_USAGE)
        except AlreadyRunning as error:
            return self._fail(error, ALREADY_RUNNING)
        except Permanent as error:
            return self._fail(error, PERMANENT)
        except (MarketDataError, OSError, OperationalError, InterfaceError, ProgrammingError) as error:
            return self._fail(_explained(error), INCOMPLETE)

    def _fail(self, error: object, code: int) -> tuple[None, int]:
        self.stderr.write(self.style.ERROR(str(error)))
        return None, code

    def _holds_made_up_data(self) -> bool:
        try:
            return is_made_up()
        except (OperationalError, InterfaceError, ProgrammingError):
            return False


def _explained(error: Exception) -> str:
    """A database's error as a sentence that says what to do."""
    text = " ".join(str(error).split())
    if isinstance(error, MarketDataError | OSError):
        return text
    if "no such table" in text or ("does not exist" in text and isinstance(error, ProgrammingError)):
        return "The database has no tables yet, or old ones: run `python manage.py migrate`."
    if "is full" in text or "No space" in text:
        return "The disk is full: free some space and run the command again; what was stored is intact."
    if isinstance(error, ProgrammingError):
        raise CommandError(text) from error
    return f"The database cannot be used ({text}). Check DATABASE_URL and that its server runs; then run this again."
