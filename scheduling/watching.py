"""A thread beside beat and beside the control worker: looks for faults, tells people, and tells the outside world.

Either of the two notices when the other is silent; HEARTBEAT_URL notices when both are.
"""

import logging
import threading
import urllib.request
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from scheduling import faults, incidents, leases, notifying

log = logging.getLogger(__name__)

EVERY_SECONDS = 30
PING_SECONDS = 10
_running = threading.Event()


def start() -> None:
    """Watch from now on, once in this process."""
    if not _running.is_set():
        _running.set()
        threading.Thread(target=_watch, name="watch", daemon=True).start()


def watch_once() -> None:
    """Look for every kind of fault whose turn it is, then tell; what one of them raises does not stop the others."""
    for is_local, turn in ((True, f"watch {faults.HOST}"), (False, "watch")):
        # A little less than the pause, so that a process alone does not miss every other turn.
        if leases.take_turn(turn, EVERY_SECONDS - 1):
            for watch in incidents.watches(local=is_local):
                _try(lambda watch=watch: incidents.refresh(watch))  # type: ignore[misc]
            if not is_local:
                for step in (notifying.notify, notifying.send_digest, ping):
                    _try(step)


def ping() -> None:
    """Tell HEARTBEAT_URL that schedules are kept, or with /fail that they are not, as healthchecks.io takes it."""
    url = settings.HEARTBEAT_URL
    if not url:
        return
    if any(True for _ in faults.silent_processes()):
        url = f"{url.rstrip('/')}/fail"
    try:
        urllib.request.urlopen(url, timeout=PING_SECONDS).close()  # noqa: S310 - the setting takes http and https only
    except OSError as error:
        log.warning("HEARTBEAT_URL could not be reached: %s", error)


def _try(step: Callable[[], object]) -> None:
    try:
        step()
    except (DatabaseError, InterfaceError) as error:
        log.warning("Faults cannot be looked for while the database is away: %s", error)
        connection.close()
    except Exception:
        # A watch of a business package must not end the watching of all others.
        log.exception("A watch failed")


def _watch() -> None:
    pause = threading.Event()
    while not pause.wait(EVERY_SECONDS):
        _try(watch_once)
        connection.close()
