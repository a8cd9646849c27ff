"""The settings of an installation of a test's own."""

import os
from pathlib import Path


def environment(folder: Path, broker_url: str, database_url: str) -> dict[str, str]:
    """The settings of an installation, its leases scaled down."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.scheduling.process_settings",
        "STOCKSYNC_VAR": str(folder),
        "DATABASE_URL": database_url,
        "CELERY_BROKER_URL": broker_url,
        "SCHEDULING_LEASE_SECONDS": "2",
        "SCHEDULING_SWEEP_SECONDS": "0.5",
        "SCHEDULING_SHUTDOWN_SECONDS": "0.5",
        "PYTHONUNBUFFERED": "1",
    }
