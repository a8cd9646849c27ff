"""Where a source's history of a dataset begins: declared, or learnt by asking, and kept."""

from datetime import date, timedelta

from market_data.datasets import Dataset
from market_data.engine.ledger import clock
from market_data.models import LearntStart

KEPT = timedelta(days=180)


def first_day(dataset: Dataset) -> date | None:
    """The first day of which the source has anything; None where it is not known."""
    kept = LearntStart.objects.filter(dataset=dataset.name, learnt_at__gt=clock.now() - KEPT)
    learnt = kept.values_list("first_day", flat=True).first()
    known = [day for day in (dataset.plausible.first_day, learnt) if day]
    return max(known, default=None)
