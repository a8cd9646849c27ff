"""The wiring of the project: settings, Celery, addresses, the command that starts everything."""

from stocksync.celery import app as celery_app

__all__ = ["celery_app"]
