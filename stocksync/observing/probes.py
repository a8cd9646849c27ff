"""Whether this installation works: each part in a word, without a secret; the log says more."""

import logging
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, connection
from kombu.exceptions import OperationalError

from market_data.queries.measuring import late
from scheduling import clock, measuring
from scheduling.faults import CLOCKS_APART_SECONDS
from stocksync.celery import app

log = logging.getLogger(__name__)

OK, FAIL = "ok", "fail"
BROKER_SECONDS = 2


def examine() -> dict[str, str]:
    """ok or fail for each part; what a part that fails says is in the log."""
    return {name: _answer(name, look) for name, look in LOOKS.items()}


def _answer(name: str, look: Callable[[], str]) -> str:
    try:
        fault = look()
    except (DatabaseError, InterfaceError, OperationalError, OSError) as error:
        fault = str(error)
    if fault:
        log.warning("not ready: %s: %s", name, " ".join(fault.split()))
    return FAIL if fault else OK


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _broker() -> str:
    with app.connection_for_write(connect_timeout=BROKER_SECONDS) as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    return ""


def _heard_of(process: str) -> Callable[[], str]:
    def look() -> str:
        ages = {heart.process: heart.age_seconds for heart in measuring.heartbeats()}
        if process not in ages:
            return f"{process} has never been heard of"
        silent = ages[process] > measuring.silent_after_seconds()
        return f"{process} was last heard of {ages[process]:.0f} s ago" if silent else ""

    return look


def _clocks() -> str:
    offset = clock.distance()
    return f"this clock is {offset:+.1f} s from the database's" if abs(offset) > CLOCKS_APART_SECONDS else ""


def _freshness() -> str:
    return ", ".join(f"{dataset} is late" for dataset, _ in late())


LOOKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "broker": _broker,
    "beat": _heard_of(measuring.BEAT),
    "worker": _heard_of(measuring.CONTROL_WORKER),
    "clocks": _clocks,
    "freshness": _freshness,
}
