"""The whole database in."""

from pathlib import Path
from time import monotonic
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser
from django.db import connection

from stocksync.copies import postgresql, sqlite
from stocksync.copies.guarding import check_ledger, check_unused
from stocksync.copies.reporting import CopyingCommand


class Command(CopyingCommand):
    help = "Replace the whole database by a backup, bring its tables up to date, and check it against its ledger."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="what `backup` wrote, of the same kind of database")

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        file, began = options["file"], monotonic()
        check_unused()
        (postgresql if connection.vendor == "postgresql" else sqlite).load(file)
        call_command("migrate", verbosity=0, interactive=False)
        check_ledger()
        return {"file": str(file), "seconds": round(monotonic() - began, 2)}, 0
