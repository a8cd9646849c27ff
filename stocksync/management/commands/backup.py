"""The whole database out."""

from pathlib import Path
from time import monotonic
from typing import Any

from django.core.management.base import CommandParser
from django.db import connection

from stocksync.copies import postgresql, sqlite
from stocksync.copies.reporting import CopyingCommand


class Command(CopyingCommand):
    help = "Copy the whole database into a file, consistent as of now, while everything goes on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="the file to write; one that is there is replaced")

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        file, began = options["file"], monotonic()
        (postgresql if connection.vendor == "postgresql" else sqlite).save(file)
        return {"file": str(file), "seconds": round(monotonic() - began, 2)}, 0
