"""What the commands share: one JSON line, one sentence per error, the exit codes of the contract."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, ProgrammingError

from scheduling.exceptions import ConfigurationError, ExecutionRefused, JobNotFound, SchedulingError

INCOMPLETE, WRONG_USAGE, REFUSED = 1, 2, 3


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
        if report is not None and options["json"]:
            self.stdout.write(json.dumps(report, default=str, ensure_ascii=False))
        elif report is not None:
            self.show(report)
        if code:
            sys.exit(code)

    def _report(self, options: dict[str, Any]) -> tuple[dict[str, Any] | None, int]:
        try:
            return self.work(**options)
        except (JobNotFound, ConfigurationError) as error:
            return self._fail(error, WRONG_USAGE)
        except ExecutionRefused as error:
            return self._fail(error, REFUSED)
        except SchedulingError as error:
            return self._fail(error, INCOMPLETE)
        except (OperationalError, InterfaceError, ProgrammingError) as error:
            text = " ".join(str(error).split())
            advice = "Check DATABASE_URL, that its server runs, and that `python manage.py migrate` has been run."
            return self._fail(f"The database cannot be used ({text}). {advice}", INCOMPLETE)

    def _fail(self, error: object, code: int) -> tuple[None, int]:
        self.stderr.write(self.style.ERROR(str(error)))
        return None, code
