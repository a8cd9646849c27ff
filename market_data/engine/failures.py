"""What was given up: recorded with the reason and the evidence, retried, resolved."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from market_data.datasets import DATASETS, Dataset, Parts
from market_data.engine import clock, coverage, expectations
from market_data.models import CoverageCell, SyncFailureRecord, SyncRequest


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


def refuse_row(dataset: Dataset, job_type: str, row: dict[str, Any]) -> SyncFailureRecord:
    """Record a row that no market can have produced."""
    day = expectations.as_date(row[dataset.date_column])
    message = f"The source sent a row with impossible values for {row['symbol']} on {day}."
    return _record(
        dataset,
        job_type,
        code=row["symbol"],
        symbols=[row["symbol"]],
        start=day,
        end=day,
        message=message,
        evidence=row,
    )


def _record(
    dataset: Dataset, job_type: str, *, code: str, symbols: list[str], start: Any, end: Any, message: str, evidence: Any
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
    """Close the open failures whose cells are all there or settled now. Returns how many."""
    still_open = SyncFailureRecord.objects.filter(dataset=dataset.name, resolved_at=None)
    answered = [record.id for record in still_open if _answered(dataset, record)]
    return len(close(still_open.filter(id__in=answered)))


def _answered(dataset: Dataset, record: SyncFailureRecord) -> bool:
    if dataset.parts == Parts.CELLS:
        missing = expectations.missing_cells(dataset, record.start_date, record.end_date, record.symbols or None)
        known = CoverageCell.objects.filter(
            dataset=dataset.name, trade_date__range=(record.start_date, record.end_date)
        )
        answered = known.filter(Q(absent=True) | Q(asked_at__gt=record.last_attempt_at))
        settled = set(answered.values_list("symbol", "trade_date"))
        return all(cell in settled for cell in missing)
    later = SyncRequest.objects.filter(
        task__dataset=dataset.name,
        state=SyncRequest.State.DONE,
        finished_at__gt=record.last_attempt_at,
        start_date__lte=record.start_date,
        end_date__gte=record.end_date,
    )
    return later.exists()
