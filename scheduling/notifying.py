"""Tells people of incidents, once when they begin and once when they are over, by whatever apprise reaches."""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from scheduling import clock, leases
from scheduling.models import Execution, Incident

log = logging.getLogger(__name__)

TOLD_WITHIN = timedelta(days=1)
MOST_AT_ONCE = 20
DIGEST = "digest"
DIGEST_WITHIN = timedelta(hours=1)
DIGEST_TURN_SECONDS = 12 * 3600

_digest_parts: list[Callable[[], Iterable[str]]] = []


def register_digest(lines: Callable[[], Iterable[str]]) -> None:
    """Have these lines in the daily digest."""
    _digest_parts.append(lines)


def notify() -> int:
    """Tell what nobody was told; what cannot be sent is tried again, for a day. How many incidents were told of.

    In quiet hours nothing is sent; what is over by their end is told as such.
    """
    if not settings.NOTIFY_URLS or is_quiet(timezone.localtime(clock.now()).time()):
        return 0
    since = clock.now() - TOLD_WITHIN
    began = Incident.objects.filter(told_at=None, opened_at__gt=since, closed_at=None)
    over = Incident.objects.filter(told_over_at=None, closed_at__gt=since)
    return _tell(list(began.order_by("opened_at", "key")[:MOST_AT_ONCE]), over=False) + _tell(
        list(over.order_by("closed_at", "key")[:MOST_AT_ONCE]), over=True
    )


def is_quiet(at: time) -> bool:
    """Whether this time of the day lies in ALERT_QUIET_HOURS, which may span midnight."""
    if settings.ALERT_QUIET_HOURS is None:
        return False
    start, end = settings.ALERT_QUIET_HOURS
    return bool(start <= at < end) if start < end else bool(at >= start or at < end)


def send_digest() -> bool:
    """Once a day, at ALERT_DIGEST_AT or within the hour after it, send what goes on and what the last day brought."""
    at, now = settings.ALERT_DIGEST_AT, timezone.localtime()
    if at is None or not settings.NOTIFY_URLS:
        return False
    due = datetime.combine(now.date(), at, now.tzinfo)
    if not due <= now < due + DIGEST_WITHIN or not leases.take_turn(DIGEST, DIGEST_TURN_SECONDS):
        return False
    if send(f"stocksync: {now:%Y-%m-%d}", "\n".join(_digest())):
        return True
    leases.release(DIGEST, "")
    return False


def send(title: str, body: str, *, is_over: bool = False) -> bool:
    """Send a message to all addresses of NOTIFY_URLS; False where one could not be reached."""
    import apprise  # 40 MB, for those who want to be told

    channels = apprise.Apprise()
    for url in settings.NOTIFY_URLS:
        if not channels.add(url):
            log.error("NOTIFY_URLS has an address that apprise does not understand: %s://…", url.partition("://")[0])
    kind = apprise.NotifyType.SUCCESS if is_over else apprise.NotifyType.WARNING
    sent = channels.notify(title=title, body=body, notify_type=kind, body_format=apprise.NotifyFormat.TEXT)
    if not sent:
        log.error("A message could not be sent; incidents are told again in half a minute: %s", title)
    return bool(sent)


def _tell(told: list[Incident], *, over: bool) -> int:
    if not told:
        return 0
    title = f"{told[0].kind}: {told[0].key.partition(':')[2]}" if len(told) == 1 else f"{len(told)} incidents"
    lines = [_line_over(incident) if over else incident.text for incident in told]
    if not send(f"stocksync: {'over: ' if over else ''}{title}", "\n".join(lines), is_over=over):
        return 0
    now = clock.now()
    fields = {"told_over_at": now} if over else {"told_at": now}
    return Incident.objects.filter(id__in=[incident.id for incident in told]).update(**fields)


def _line_over(incident: Incident) -> str:
    began = f"{timezone.localtime(incident.opened_at):%Y-%m-%d %H:%M}"
    ended = f"{timezone.localtime(incident.closed_at):%H:%M}" if incident.closed_at else ""
    return f"Over at {ended}, since {began}: {incident.text}"


def _digest() -> Iterator[str]:
    going_on = Incident.objects.filter(closed_at=None).order_by("opened_at", "key")
    yield f"{going_on.count()} incidents go on." if going_on else "All is well."
    yield from (incident.text for incident in going_on[:MOST_AT_ONCE])
    since = clock.now() - timedelta(days=1)
    runs = Execution.objects.filter(~Q(finished_at=None), queued_at__gt=since).order_by()
    counts = sorted(runs.values_list("status").annotate(Count("id")))
    yield f"Runs of the last day: {', '.join(f'{count} {status}' for status, count in counts) or 'none'}."
    for part in _digest_parts:
        yield from part()
