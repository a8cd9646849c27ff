"""A thread that keeps the leases of a running process."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from market_data.engine.running import tasks
from market_data.models import SyncTask

log = logging.getLogger(__name__)


@contextmanager
def beating(task: SyncTask, owner: str, lost: Callable[[], None]) -> Iterator[None]:
    """Extend the leases three times in their length; `lost` is called once when somebody else has taken over."""
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(task, owner, lost, done), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(task: SyncTask, owner: str, lost: Callable[[], None], done: threading.Event) -> None:
    try:
        while not done.wait(settings.SYNC_LEASE_SECONDS / 3):
            try:
                tasks.heartbeat(task, owner)
            except tasks.Lost:
                lost()
                return
            except (DatabaseError, InterfaceError) as error:
                log.warning("The heartbeat of %s could not be written: %s", task.dataset, error)
                connection.close()
    finally:
        connection.close()
