"""The program `stocksync`: what manage.py does, from wherever it is installed."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stocksync.settings")
    execute_from_command_line(sys.argv)
