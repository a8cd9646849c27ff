"""The market data application: datasets, the sync engine and the data."""

from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate, pre_migrate


class MarketDataConfig(AppConfig):
    name = "market_data"
    verbose_name = "Market data"

    def ready(self) -> None:
        from market_data.checks import check_datasets

        checks.register(check_datasets)
        pre_migrate.connect(_clear_the_way, sender=self)
        post_migrate.connect(_complete, sender=self)


def _clear_the_way(plan: Any = None, **_: Any) -> None:
    """Migrations change tables that views read, and SQLite makes them anew, without their triggers."""
    from market_data.schema import views

    if plan:
        views.remove()


def _complete(plan: Any = None, **_: Any) -> None:
    from market_data.schema import changes, views

    if plan:
        changes.install()
        views.install()
