"""Duties that one process of all has at a time."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from scheduling.models import Lease

LEADER = "beat"


def hold(name: str, holder: str, seconds: float) -> bool:
    """Take or keep a duty for so long; False while another holder has it."""
    return _take(name, holder, seconds, Q(holder=holder) | Q(until__lt=timezone.now()))


def take_turn(name: str, seconds: float) -> bool:
    """True once in so many seconds, for one caller of all."""
    return _take(name, "", seconds, Q(until__lt=timezone.now()))


def release(name: str, holder: str) -> None:
    """Let another holder have the duty at once."""
    Lease.objects.filter(name=name, holder=holder).delete()


def is_held(name: str) -> bool:
    return Lease.objects.filter(name=name, until__gte=timezone.now()).exists()


def _take(name: str, holder: str, seconds: float, free: Q) -> bool:
    until = timezone.now() + timedelta(seconds=seconds)
    if Lease.objects.filter(free, name=name).update(holder=holder, until=until):
        return True
    try:
        with transaction.atomic():
            Lease.objects.create(name=name, holder=holder, until=until)
    except IntegrityError:
        return False
    return True
