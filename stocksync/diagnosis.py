"""Whether the processes of an installation run and hear each other."""

from kombu.exceptions import OperationalError

from market_data.diagnosis import FAIL, OK, WARN, Look
from scheduling import clock, heartbeats
from scheduling.leases import LEADER, is_held
from scheduling.waking import quick_connection
from stocksync.celery import app

ANSWER_SECONDS = 2


def _broker() -> tuple[str, str]:
    try:
        with app.connection_for_write(connect_timeout=ANSWER_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, timeout=ANSWER_SECONDS)
            return OK, f"The broker answers ({connection.transport_cls})."
    except (OSError, OperationalError) as error:
        return FAIL, f"The broker does not answer ({error}): check CELERY_BROKER_URL and that its server runs."


def _worker() -> tuple[str, str]:
    try:
        with quick_connection() as connection:
            answers = app.control.ping(timeout=ANSWER_SECONDS, connection=connection)
    except (OSError, OperationalError):
        answers = []
    if not answers:
        return WARN, "No worker answers: run `python manage.py start`; schedules wait until then."
    return OK, f"{len(answers)} workers answer."


def _beat() -> tuple[str, str]:
    if not is_held(LEADER):
        return WARN, "No beat has been heard of: run `python manage.py start`; nothing starts by itself until then."
    return OK, "A beat leads the schedules."


def _clocks() -> tuple[str, str]:
    here = clock.distance()
    found = [*([clock.told("this host", here)] if clock.is_off(here) else []), *heartbeats.clock_warnings()]
    if found:
        return WARN, " ".join(found)
    return OK, f"This host's clock and the database's differ by {abs(here):.3f} s."


LOOKS: dict[str, Look] = {"broker": _broker, "worker": _worker, "beat": _beat, "clocks": _clocks}
