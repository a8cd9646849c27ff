"""Settings of the processes that tests start: stocksync's own, with the sample jobs."""

import os

from stocksync.settings import *  # noqa: F403
from stocksync.settings import CELERY_BROKER_TRANSPORT_OPTIONS, DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.scheduling.sample"]
if timeout := os.environ.get("TEST_VISIBILITY_TIMEOUT"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {**CELERY_BROKER_TRANSPORT_OPTIONS, "visibility_timeout": float(timeout)}
if timeout := os.environ.get("TEST_DATABASE_TIMEOUT"):
    DATABASES["default"]["OPTIONS"] = {**DATABASES["default"]["OPTIONS"], "timeout": float(timeout)}
