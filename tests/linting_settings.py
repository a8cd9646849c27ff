"""stocksync's settings with the linter of migrations. Tables of bars grow large; what holds their rows is refused.

Left out are the migrations that were made before it looked: what they lock are tables of the ledger and of runs.
"""

from stocksync.settings import *  # noqa: F403
from stocksync.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]
MIGRATION_LINTER_OPTIONS = {
    "include_apps": ["market_data", "scheduling", "stocksync"],
    "ignore_name": ["0009_believed_answers", "0002_execution_list_indexes", "0004_incidents", "0005_database_clock"],
    "sql_analyser": "postgresql",
    "no_cache": True,
}
