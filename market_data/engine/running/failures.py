"""What was given up: recorded with the reason and the evidence, retried, resolved."""

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from market_data.datasets import DATASETS, Dataset, Parts
from market_data.engine.ledger import clock, coverage, expectations
from market_data.engine.storing.checks import Refused
from market_data.models import Security, SyncFailureRecord, SyncRequest


def give_up(dataset: Dataset, job_type: str, request: SyncRequest, error: Exception) -> SyncFailureRecord:
    """Record a request that failed too often; the same failure again counts as a retry of the first."""
    return _record(
        dataset,
        job_type,
        code=_code_of(request),
        symbols=request.symbols,
        start=request.start_date,
        end=request.end_date,
        message=str(error),
        evidence=getattr(error, "evidence", None),
    )


def note_rows(dataset: Dataset, job_type: str, request: SyncRequest, refused: list[Refused], moment: datetime) -> int:
    """Record each row that was refused, once; close what was refused before and is no more.

    Returns how many are open: what a person has resolved stays so while it comes alike."""
    span = (request.start_date, request.end_date)
    records = [refuse_row(dataset, job_type, row, span) for row in refused]
    kept = [record.id for record in records]
    open_rows = SyncFailureRecord.objects.filter(dataset=dataset.name, resolved_at=None, is_row=True)
    inside = open_rows.filter(start_date__gte=span[0], end_date__lte=span[1]).exclude(id__in=kept)
    if request.symbols:
        inside = inside.filter(third_code__in=request.symbols)
    inside.update(resolved_at=moment)
    return sum(record.resolved_at is None for record in records)


def refuse_row(dataset: Dataset, job_type: str, row: Refused, span: tuple[date, date]) -> SyncFailureRecord:
    """Record a row that is not stored. `span` are the days asked for, where the row itself has none."""
    start, end = (row.day, row.day) if row.day and dataset.parts != Parts.WHOLE else span
    about = " ".join(str(part) for part in (row.symbol, row.day) if part) or "some list"
    resolved = SyncFailureRecord.objects.filter(
        dataset=dataset.name, third_code=row.symbol or "row", start_date=start, end_date=end, is_row=True
    ).exclude(resolved_at=None)
    known = next((record for record in resolved if record.evidence == row.evidence), None)
    return known or _record(
        dataset,
        job_type,
        code=row.symbol or "row",
        symbols=[row.symbol] if row.symbol and dataset.parts == Parts.CELLS else [],
        start=start,
        end=end,
        message=f"A row of {about} was refused: {row.reason}.",
        evidence=row.evidence,
        is_row=True,
    )


def _record(
    dataset: Dataset,
    job_type: str,
    *,
    code: str,
    symbols: list[str],
    start: Any,
    end: Any,
    message: str,
    evidence: Any,
    is_row: bool = False,
) -> SyncFailureRecord:
    moment = clock.now()
    record, created = SyncFailureRecord.objects.get_or_create(
        dataset=dataset.name,
        third_code=code,
        start_date=start,
        end_date=end,
        resolved_at=None,
        defaults={
            "job_type": job_type,
            "symbols": symbols,
            "is_row": is_row,
            "error_message": message,
            "evidence": evidence,
            "last_attempt_at": moment,
            "max_retries": settings.SYNC_FAILURE_MAX_RETRIES,
        },
    )
    if not created:
        SyncFailureRecord.objects.filter(id=record.id).update(
            retry_count=F("retry_count") + 1, last_attempt_at=moment, error_message=message, evidence=evidence
        )
    if dataset.parts in (Parts.CELLS, Parts.EVENTS):
        coverage.mark([dataset.name], start, end)
    return record


def _code_of(request: SyncRequest) -> str:
    if len(request.symbols) == 1:
        return str(request.symbols[0])
    if request.shape == "whole":
        return " ".join(str(value) for value in request.params.values())[:64]
    days = f"{request.start_date:%Y%m%d}"
    if request.end_date != request.start_date:
        days += f"-{request.end_date:%Y%m%d}"
    return f"{days} {len(request.symbols)} symbols" if request.symbols else days


def close(records: QuerySet[SyncFailureRecord]) -> list[SyncFailureRecord]:
    """Resolve the open ones and return them; their days, `failed` until then, are counted again."""
    with transaction.atomic():
        found = list(records.filter(resolved_at=None))
        SyncFailureRecord.objects.filter(id__in=[record.id for record in found]).update(resolved_at=clock.now())
        for record in found:
            dataset = DATASETS.get(record.dataset)
            if dataset and dataset.parts in (Parts.CELLS, Parts.EVENTS):
                coverage.mark([dataset.name], record.start_date, record.end_date)
    return found


def resolve_answered(dataset: Dataset) -> int:
    """Close the open failures whose question has been answered since. Returns how many."""
    still_open = SyncFailureRecord.objects.filter(dataset=dataset.name, resolved_at=None, is_row=False)
    answered = [record.id for record in still_open if _is_answered(dataset, record)]
    return len(close(still_open.filter(id__in=answered)))


def _is_answered(dataset: Dataset, record: SyncFailureRecord) -> bool:
    """Whether what was asked for came since, in one answer or in several. That nothing is missing proves nothing: a
    question may have been asked again for what is there."""
    since = SyncRequest.objects.filter(
        task__dataset=dataset.name, state=SyncRequest.State.DONE, finished_at__gt=record.last_attempt_at
    ).filter(start_date__lte=record.end_date, end_date__gte=record.start_date)
    wanted = _listed(record.symbols)
    if record.symbols and not wanted:
        return True  # no list names them, so nobody asks for them any more
    days = (
        set(expectations.days_of(dataset, record.start_date, record.end_date))
        if dataset.parts != Parts.WHOLE
        else {record.start_date}
    )
    found = [(set(r.symbols), r.start_date, r.end_date) for r in since.only("symbols", "start_date", "end_date")]
    market = {day for day in days if any(not symbols and a <= day <= b for symbols, a, b in found)}
    left = days - market
    if not left:
        return True
    if not wanted:
        return _is_covered(dataset, found, left)
    return all(any(symbol in symbols and a <= day <= b for symbols, a, b in found) for symbol in wanted for day in left)


def _listed(symbols: list[str]) -> set[str]:
    """Those that are in a list; all of them, where there is none."""
    if not Security.objects.filter(inferred=False).exists():
        return set(symbols)
    return set(Security.objects.filter(symbol__in=symbols).values_list("symbol", flat=True))


def _is_covered(dataset: Dataset, found: list[tuple[set[str], date, date]], days: set[date]) -> bool:
    """Whether the market of these days was asked for by lists: nothing of it is missing that has not been asked."""
    for day in days:
        listed = set().union(*(symbols for symbols, a, b in found if a <= day <= b))
        missing = expectations.missing_cells(dataset, day, day) if dataset.parts == Parts.CELLS else [("", day)]
        if not listed or any(symbol not in listed for symbol, _ in missing):
            return False
    return True
