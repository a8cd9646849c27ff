"""The Celery application: workers and beat run it as `celery -A stocksync …`."""

import logging
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stocksync.settings")
# A stop ends running jobs at once after a short grace; they put themselves back in the queue. Celery reads this
# when it is imported; without it SIGTERM waits for the last job, for hours.
os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")

from celery import Celery
from celery.signals import setup_logging

from stocksync import embedded_broker

__all__ = ["app", "embedded_broker"]

app = Celery("stocksync")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Without this the threads of a web server talk to an application without settings.
app.set_default()
app.autodiscover_tasks()


@setup_logging.connect
def keep_logging(loglevel: int, **kwargs: object) -> None:
    """Leave the log to Django's LOGGING; Celery's own handlers would write each line of ours twice."""
    logging.getLogger("celery").setLevel(loglevel)
