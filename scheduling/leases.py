"""Duties that one process of all has at a time."""

from datetime import datetime, timedelta

from django.db.models import Q

from scheduling import clock
from scheduling.models import Lease
from scheduling.transactions import bounded

LEADER = "beat"
LEADER_SECONDS = 15.0


def hold(name: str, holder: str, seconds: float) -> bool:
    """Take or keep a duty for so long; False while another holder has it."""
    now = clock.now()
    return _take(name, holder, seconds, now, Q(holder=holder) | _free(seconds, now))


def take_turn(name: str, seconds: float) -> bool:
    """True once in so many seconds, for one caller of all."""
    now = clock.now()
    return _take(name, "", seconds, now, _free(seconds, now))


def release(name: str, holder: str) -> None:
    """Let another holder have the duty at once."""
    with bounded():
        Lease.objects.filter(name=name, holder=holder).delete()


def is_held(name: str) -> bool:
    lease = Lease.objects.filter(name=name).first()
    return lease is not None and not clock.is_over(lease.until, timedelta(seconds=lease.seconds), clock.now())


def _free(seconds: float, now: datetime) -> Q:
    return clock.over("until", timedelta(seconds=seconds), now)


def _take(name: str, holder: str, seconds: float, now: datetime, free: Q) -> bool:
    fields = {"holder": holder, "until": now + timedelta(seconds=seconds), "seconds": seconds}
    with bounded():
        if Lease.objects.filter(free, name=name).update(**fields):
            return True
        if Lease.objects.filter(name=name).exists():
            return False
        # Of those who see that there is none yet, one brings it in; a row that is there is no error in anybody's log.
        Lease.objects.bulk_create([Lease(name=name, holder="", until=now - timedelta(days=1))], ignore_conflicts=True)
        return bool(Lease.objects.filter(free, name=name).update(**fields))
