"""Lists that are complete or not as a whole: how fresh they are, and answers that are not believed yet."""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import blake2b
from typing import Any

from market_data.datasets import Dataset
from market_data.engine.ledger import clock, expectations
from market_data.frames import pa
from market_data.models import WHOLE, ListDoubt, Partition

TIMES = 3
APART = timedelta(hours=8)
"""An answer that is hard to believe is believed when it comes so often alike, so far apart: over a day."""
BLIND_DAYS = timedelta(days=14)


def is_fresh(dataset: Dataset) -> bool:
    """Whether the list was believed lately enough not to be asked for again.

    A calendar that ends soon is asked for once a day, and whenever it does not know a day that is due.
    """
    now = clock.now()
    found = Partition.objects.filter(dataset=dataset.name, trade_date=WHOLE).first()
    if found is None or found.state != Partition.State.COMPLETE or (found.ask_after or now) <= now:
        return False
    if not dataset.horizon_days:
        return True
    last = dataset.model._default_manager.order_by(f"-{dataset.date_column}").first()
    ahead = (getattr(last, dataset.date_column) - clock.today()).days if last else 0
    is_blind = bool(expectations.unknown_weekdays(clock.today() - BLIND_DAYS, clock.today()))
    return (ahead >= dataset.horizon_days or _asked_today(found)) and not is_blind


def serves(dataset: Dataset, start: date, end: date) -> bool:
    """Whether a calendar knows every day of a past window, which will do for it: one that is not believed as a whole,
    or that was asked for today and ends too soon."""
    if not dataset.horizon_days or end >= clock.today() or not dataset.model._default_manager.exists():
        return False
    whole = Partition.objects.filter(dataset=dataset.name, trade_date=WHOLE).first()
    if whole is None or not (whole.state == Partition.State.SUSPECT or _asked_today(whole)):
        return False
    return not expectations.unknown_weekdays(start, end)


def _asked_today(whole: Partition) -> bool:
    return whole.asked_at is not None and clock.day_of(whole.asked_at) == clock.today()


def rows_before(dataset: Dataset, like: dict[str, Any] | None) -> int:
    """How many of the stored rows an answer speaks of; `like` filters them."""
    if like is None:
        return 0
    return dataset.stored.filter(**like).count()


def doubted_keys(dataset: Dataset) -> set[str]:
    """The calls whose answers are not believed, where all others were answered while the list was fresh."""
    whole = Partition.objects.filter(dataset=dataset.name, trade_date=WHOLE, state=Partition.State.SUSPECT).first()
    if whole is None or whole.asked_at is None:
        return set()
    if whole.asked_at < clock.now() - timedelta(hours=dataset.fresh_hours):
        return set()
    return set(ListDoubt.objects.filter(dataset=dataset.name).values_list("key", flat=True))


def doubt(dataset: Dataset, key: str, table: pa.Table, reason: str) -> bool:
    """Note an answer that is hard to believe. Returns whether it is to be believed now: it came alike often enough,
    or a person accepts it."""
    digest, now = _digest(dataset, table), clock.now()
    known = ListDoubt.objects.filter(dataset=dataset.name, key=key).first()
    if known is None or known.digest != digest:
        fields = {"digest": digest, "times": 1, "counted_at": now, "reason": reason[:255], "accepted": False}
        ListDoubt.objects.update_or_create(dataset=dataset.name, key=key, defaults=fields)
        return False
    if now - known.counted_at >= APART:
        known.times, known.counted_at = known.times + 1, now
        ListDoubt.objects.filter(pk=known.pk).update(times=known.times, counted_at=now)
    return known.accepted or known.times >= TIMES


def believe(dataset: Dataset, key: str) -> None:
    """Forget what was doubted about this call."""
    ListDoubt.objects.filter(dataset=dataset.name, key=key).delete()


def reason_to_doubt(dataset: Dataset) -> str:
    """Why the list is not believed; empty where it is."""
    doubts = ListDoubt.objects.filter(dataset=dataset.name).order_by("key").values_list("reason", flat=True)
    return " ".join(dict.fromkeys(doubts))[:255]


def _digest(dataset: Dataset, table: pa.Table) -> str:
    keys = sorted(zip(*(map(str, table[name].to_pylist()) for name in dataset.key), strict=True))
    return blake2b(repr(keys).encode(), digest_size=16).hexdigest()
