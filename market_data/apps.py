"""The market data application: datasets, the sync engine and the data."""

from django.apps import AppConfig


class MarketDataConfig(AppConfig):
    name = "market_data"
    verbose_name = "Market data"
