"""Settings of the processes that tests start: stocksync's own, with the sample jobs."""

import os
from datetime import UTC, datetime, timedelta

import time_machine

from stocksync.settings import *  # noqa: F403
from stocksync.settings import CELERY_BROKER_TRANSPORT_OPTIONS, DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.scheduling.sample"]
if timeout := os.environ.get("TEST_VISIBILITY_TIMEOUT"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {**CELERY_BROKER_TRANSPORT_OPTIONS, "visibility_timeout": float(timeout)}
if timeout := os.environ.get("TEST_DATABASE_TIMEOUT"):
    DATABASES["default"]["OPTIONS"] = {**DATABASES["default"]["OPTIONS"], "timeout": float(timeout)}
if ahead := os.environ.get("TEST_CLOCK_AHEAD_SECONDS"):
    # As on a host whose clock is wrong; it goes on from there.
    time_machine.travel(datetime.now(UTC) + timedelta(seconds=float(ahead))).start()
