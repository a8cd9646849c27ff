"""What must hold before and after a database is replaced."""

from collections.abc import Iterator
from datetime import date

from django.db import DatabaseError, connections

from market_data.datasets import DATASETS, WITH_LEDGER, Dataset
from market_data.engine.ledger.expectations import as_date
from market_data.models import WHOLE, Partition
from scheduling import clock, leases
from scheduling.context import Status
from scheduling.models import Execution
from stocksync.copies.exceptions import CopyError, InUse


def check_unused() -> None:
    """Raises InUse while beat leads or a run goes on; a database without our tables is not in use."""
    try:
        running = Execution.objects.filter(status=Status.RUNNING, lease_until__gt=clock.now()).first()
        leads = leases.is_held(leases.LEADER)
    except DatabaseError:
        return
    if running or leads:
        what = f"{running.job_id} is running" if running else "beat is running"
        raise InUse(f"The database is in use: {what}. Stop stocksync, wait half a minute, and try again.")


def check_ledger(alias: str = "default") -> None:
    """Raises CopyError where fewer rows are stored than the ledger says."""
    short = [line for name in WITH_LEDGER for line in _short(DATASETS[name], alias)]
    if short:
        raise CopyError(f"The copy is not whole: {'; '.join(short)}.")


def _short(dataset: Dataset, alias: str) -> Iterator[str]:
    claimed = dict(
        Partition.objects.using(alias).filter(dataset=dataset.name, got__gt=0).values_list("trade_date", "got")
    )
    if not claimed:
        return
    is_list = set(claimed) == {WHOLE}
    stored = {WHOLE: dataset.stored.using(alias).count()} if is_list else _rows_by_day(dataset, alias)
    lacking = sorted(day for day, got in claimed.items() if stored.get(day, 0) < got)
    if lacking:
        first = "the list" if lacking[0] == WHOLE else f"{lacking[0]:%Y%m%d}"
        yield f"{dataset.name} has too few rows in {len(lacking)} parts, the first is {first}"


def _rows_by_day(dataset: Dataset, alias: str) -> dict[date, int]:
    column = dataset.date_column
    shared = "".join(f" WHERE {name} = '{value}'" for name, value in dataset.own_rows.items())
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT {column}, count(*) FROM {dataset.table}{shared} GROUP BY {column}")
        return {as_date(day): count for day, count in cursor.fetchall()}
