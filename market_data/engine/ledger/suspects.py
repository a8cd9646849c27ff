"""Answers that are not believed, and a person who takes them for the truth."""

from collections.abc import Collection
from datetime import date

from django.db import transaction

from market_data.datasets import Dataset, Parts
from market_data.engine.ledger import clock, coverage
from market_data.models import WHOLE, ListDoubt, Partition


def accept(dataset: Dataset, days: Collection[date], by: str) -> int:
    """Take what came on these suspect days, or for a suspect list, for all there is. Returns how many there were.

    A list is stored with its next answer, if that is alike. Rows that come later are stored all the same.
    """
    now = clock.now()
    if dataset.parts == Parts.WHOLE:
        whole = Partition.objects.filter(dataset=dataset.name, trade_date=WHOLE, state=Partition.State.SUSPECT)
        whole.update(ask_after=now, accepted_by=by)
        return ListDoubt.objects.filter(dataset=dataset.name, accepted=False).update(accepted=True)
    suspect = Partition.objects.filter(dataset=dataset.name, state=Partition.State.SUSPECT, trade_date__in=list(days))
    with transaction.atomic():
        found = sorted(suspect.values_list("trade_date", flat=True))
        suspect.update(accepted_at=now, accepted_by=by)
        for start, end in coverage.merged(((day, day) for day in found), apart=1):
            coverage.mark([dataset.name], start, end)
    coverage.refresh(dataset)
    return len(found)
