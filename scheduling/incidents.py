"""Faults that go on: opened when they are first seen, closed when they are over, each told once.

Whoever can see a kind of fault registers a watch for it: a function that gives the faults that there are now. A fault
that it gives opens an incident, or keeps the open one of the same key; one that it gives no more closes.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet

from scheduling import clock
from scheduling.models import Incident

log = logging.getLogger(__name__)

OVER_AFTER = timedelta(seconds=45)
"""A fault that comes and goes within this is one incident."""


@dataclass(frozen=True)
class Fault:
    """Something that is wrong now. `key` names what is at fault within its kind; `text` says what to do too."""

    key: str
    text: str


@dataclass(frozen=True)
class Watch:
    """What finds the faults of a kind. A local one is about this host, and every host looks for its own."""

    kind: str
    look: Callable[[], Iterable[Fault]]
    host: str = ""

    def key_of(self, fault: Fault) -> str:
        return ":".join(filter(None, (self.kind, self.host, fault.key)))[:200]

    def open(self) -> QuerySet[Incident]:
        """Its incidents that are open; of a local watch, those of its host."""
        found = Incident.objects.filter(kind=self.kind, closed_at=None)
        return found.filter(key__startswith=f"{self.kind}:{self.host}") if self.host else found


_watches: dict[str, Watch] = {}


def register(kind: str, look: Callable[[], Iterable[Fault]], host: str = "") -> None:
    """Have faults of a kind looked for, twice a minute by one process of all; by one of the host where one is named."""
    _watches[kind] = Watch(kind, look, host)


def watches(*, local: bool) -> list[Watch]:
    return [watch for watch in _watches.values() if bool(watch.host) == local]


def refresh(watch: Watch) -> None:
    """Open, keep and close the incidents of a watch."""
    now = clock.now()
    faults = {watch.key_of(fault): fault for fault in watch.look()}
    known = set(watch.open().values_list("key", flat=True))
    watch.open().filter(key__in=faults).update(seen_at=now)
    for key in faults.keys() - known:
        _open(Incident(key=key, kind=watch.kind, text=faults[key].text, opened_at=now, seen_at=now))
    over = watch.open().exclude(key__in=faults).filter(seen_at__lt=now - OVER_AFTER)
    for incident in over:
        if Incident.objects.filter(id=incident.id, closed_at=None).update(closed_at=now):
            log.info("Over: %s", incident)


def _open(incident: Incident) -> None:
    try:
        with transaction.atomic():
            incident.save()
    except IntegrityError:
        return  # another process has seen it at the same moment
    log.error("%s", incident.text)


def open_by_kind() -> Iterator[tuple[tuple[str], int]]:
    """((kind,), open incidents), for every kind that is looked for."""
    counts = dict.fromkeys(_watches, 0)
    counts |= dict(Incident.objects.filter(closed_at=None).order_by().values_list("kind").annotate(Count("id")))
    yield from (((kind,), count) for kind, count in counts.items())
