"""From SQLite to PostgreSQL."""

from time import monotonic
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandParser
from django.db import connection

from scheduling.exceptions import ConfigurationError
from stocksync.copies.guarding import check_unused
from stocksync.copies.moving import move
from stocksync.copies.reporting import CopyingCommand
from stocksync.databases import database_from_url


class Command(CopyingCommand):
    help = "Copy the SQLite database into an empty PostgreSQL one; run again, it goes on where it was cut short."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", metavar="URL", help="postgresql://user:password@host:5432/name")

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        began = monotonic()
        try:
            target = database_from_url(options["url"], settings.VAR_DIR, demo=False)
        except ImproperlyConfigured as error:
            raise ConfigurationError(str(error).replace("DATABASE_URL", "URL"), "url") from error
        if connection.vendor != "sqlite" or not target["ENGINE"].endswith("postgresql"):
            raise ConfigurationError("It moves from SQLite, in DATABASE_URL, to PostgreSQL, in URL.", "url")
        check_unused()
        counts = move(target, self.stderr.write)
        return {"tables": len(counts), "rows": sum(counts.values()), "seconds": round(monotonic() - began, 2)}, 0
