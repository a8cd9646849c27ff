"""Securities that no list names any more: they end with the last day on which one did, and nothing waits for them."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Max

from market_data.datasets import Dataset
from market_data.engine.ledger import clock, coverage
from market_data.frames import pa
from market_data.models import DailyBar, MovedCode, Security, SyncFailureRecord, SyncRequest, SyncTask


def note_listed(dataset: Dataset, table: pa.Table) -> None:
    """Remember that a list names these today."""
    if dataset.model is Security and table.num_rows:
        today, symbols = clock.today(), table["symbol"].to_pylist()
        for at in range(0, len(symbols), 500):
            named = Security.objects.filter(symbol__in=symbols[at : at + 500])
            named.exclude(listed_on=today).update(listed_on=today, moved_to="")


def end_unlisted(dataset: Dataset, task: SyncTask) -> None:
    """End those whom the lists that this task has brought name no more."""
    if dataset.model is not Security or not _is_whole(task):
        return
    today = clock.today()
    gone = list(Security.objects.filter(inferred=False, delist_date=None).exclude(listed_on=today))
    if not gone:
        return
    moved = _moves(gone)
    for security in gone:
        security.delist_date = _last_day(security) + timedelta(days=1)
        security.moved_to = moved.get(security.symbol, "")
    Security.objects.bulk_update(gone, ["delist_date", "moved_to"], batch_size=200)
    SyncFailureRecord.objects.filter(third_code__in=[s.symbol for s in gone], resolved_at=None).update(
        resolved_at=clock.now()
    )
    coverage.mark_expectations(min(s.delist_date for s in gone if s.delist_date), today)


def _is_whole(task: SyncTask) -> bool:
    """Whether each call of the list was answered today, by this task; it may have asked before."""
    done = task.requests.filter(state=SyncRequest.State.DONE).order_by("finished_at")
    latest = {str(about): moment for about, moment in done.values_list("about", "finished_at")}
    return bool(latest) and all(moment and clock.day_of(moment) == clock.today() for moment in latest.values())


def _last_day(security: Security) -> date:
    """The last day in a list; of those from before lists were remembered, the last bar's."""
    if security.listed_on:
        return security.listed_on
    bars = DailyBar.objects.filter(symbol=security.symbol).aggregate(last=Max("trade_date"))
    return bars["last"] or security.list_date or clock.today()


def _moves(gone: list[Security]) -> dict[str, str]:
    """The new codes of securities: from the exchange's own table, else who has the same name and list date."""
    moved = dict(MovedCode.objects.values_list("old_symbol", "new_symbol"))
    present = Security.objects.filter(delist_date=None, inferred=False, listed_on=clock.today())
    by_name = {(name, day): symbol for symbol, name, day in present.values_list("symbol", "name", "list_date")}
    for security in gone:
        new = by_name.get((security.name, security.list_date))
        if new and security.name and security.list_date:
            moved.setdefault(security.symbol, new)
    return moved
