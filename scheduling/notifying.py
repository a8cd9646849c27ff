"""Tells people of runs that did not do all of their work, by e-mail, webhook or chat: whatever apprise reaches."""

import logging
import threading
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from scheduling.context import Status
from scheduling.models import Execution

log = logging.getLogger(__name__)

TOLD = (Status.FAILED, Status.LOST, Status.PARTIAL)
TOLD_WITHIN = timedelta(days=1)
MOST_AT_ONCE = 20
LONGEST_TEXT = 300


def notify_in_background() -> None:
    """Send what is to be told without keeping the caller waiting for mail servers."""
    threading.Thread(target=_notify_and_leave, name="notify", daemon=True).start()


def notify() -> int:
    """Send one message about the runs that nobody was told of; what cannot be sent is tried again, for a day.

    How many runs were told of.
    """
    since = timezone.now() - TOLD_WITHIN
    untold = Execution.objects.filter(status__in=TOLD, notified_at=None, finished_at__gt=since)
    runs = list(untold.order_by("finished_at")[:MOST_AT_ONCE])
    if not runs or not _send(runs):
        return 0
    return Execution.objects.filter(id__in=[run.id for run in runs]).update(notified_at=timezone.now())


def _send(runs: list[Execution]) -> bool:
    import apprise  # for those who want to be told

    channels = apprise.Apprise()
    for url in settings.NOTIFY_URLS:
        if not channels.add(url):
            log.error("NOTIFY_URLS has an address that apprise does not understand: %s://…", url.partition("://")[0])
    title = f"stocksync: {runs[0].job_id} {runs[0].status}" if len(runs) == 1 else f"stocksync: {len(runs)} runs"
    sent = bool(channels.notify(title=title, body="\n".join(map(_line, runs)), body_format=apprise.NotifyFormat.TEXT))
    if not sent:
        log.error("%d runs could not be told of; the next attempt is in half a minute.", len(runs))
    return sent


def _line(run: Execution) -> str:
    ended = f"{timezone.localtime(run.finished_at):%Y-%m-%d %H:%M}" if run.finished_at else ""
    return f"{run.job_id} ended as {run.status} at {ended}: {run.error_message[:LONGEST_TEXT]}"


def _notify_and_leave() -> None:
    try:
        notify()
    finally:
        connection.close()
