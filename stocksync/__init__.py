"""The wiring of the project: settings, Celery, addresses, the command that starts everything."""

from stocksync.celery import app as celery_app

__version__ = "0.1.0"

__all__ = ["__version__", "celery_app"]
