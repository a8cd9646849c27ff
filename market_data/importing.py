"""The JSON progress files of the predecessor, taken over once."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from market_data.datasets.reference import FIRST_TRADING_DAY
from market_data.engine import clock
from market_data.exceptions import UsageError
from market_data.models import SyncFailureRecord, SyncTask

REPORTS = "fina_indicator"
STATES = {
    "sync_daily_state.json": ("DAILY_HISTORY", "daily"),
    "sync_finance_state.json": ("FINANCE_HISTORY", REPORTS),
}
FAILURES = "sync_finance_failures.json"
LARGEST = 2**31 - 1


def import_json_state(folder: Path) -> int:
    """Progress as pending sync tasks, failures as failure records. Returns how many rows were made.

    A file that was imported before is passed over. Raises UsageError, and imports nothing, for a file of another
    shape.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.")
    found = [name for name in (*STATES, FAILURES) if (folder / name).exists()]
    if not found:
        raise UsageError(f"{folder} has none of the files {', '.join((*STATES, FAILURES))}.")
    read = {name: _read(folder / name) for name in found}
    tasks = [_task(name, read[name]) for name in found if name in STATES]
    failures = _failures(read[FAILURES]) if FAILURES in read else []
    with transaction.atomic():
        return sum(map(_save_task, tasks)) + sum(map(_save_failure, failures))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path.name} is not JSON: {error}. Nothing was imported.") from error


def _task(name: str, content: Any) -> SyncTask:
    offset = content.get("offset") if isinstance(content, dict) else None
    if not isinstance(offset, int) or isinstance(offset, bool) or not 0 <= offset <= LARGEST:
        raise UsageError(f"{name} should be an object with an offset of 0 or more. Nothing was imported.")
    job_type, dataset = STATES[name]
    rest = {key: value for key, value in content.items() if key != "offset"}
    config = {"imported_from": name, **rest}
    return SyncTask(
        job_type=job_type,
        dataset=dataset,
        current_offset=offset,
        config=config,
        reason=f"Imported from {name}; the ledger decides what is asked for next.",
    )


def _failures(content: Any) -> list[SyncFailureRecord]:
    """A list of objects that name a symbol, or a map from symbols to error texts or objects."""
    entries = content.items() if isinstance(content, dict) else [(None, entry) for entry in _as_list(content)]
    return [_failure(symbol, entry) for symbol, entry in entries]


def _as_list(content: Any) -> list[Any]:
    if not isinstance(content, list):
        raise _wrong_failures()
    return content


def _failure(symbol: str | None, entry: Any) -> SyncFailureRecord:
    if isinstance(entry, str):
        entry = {"symbol": entry} if symbol is None else {"error": entry}
    if not isinstance(entry, dict):
        raise _wrong_failures()
    symbol = symbol if symbol is not None else _first(entry, "symbol", "third_code", "ts_code", "code")
    retries = _first(entry, "retry_count", "retries") or 0
    if not isinstance(symbol, str) or not symbol or not isinstance(retries, int) or not 0 <= retries <= LARGEST:
        raise _wrong_failures()
    return SyncFailureRecord(
        job_type="FINANCE_HISTORY",
        dataset=REPORTS,
        third_code=symbol[:64],
        symbols=[symbol],
        start_date=settings.SYNC_FINANCE_HISTORY_START_DATE or FIRST_TRADING_DAY,
        end_date=clock.today(),
        error_message=str(_first(entry, "error_message", "error", "message") or "imported without a message"),
        retry_count=retries,
        max_retries=settings.SYNC_FAILURE_MAX_RETRIES,
        last_attempt_at=clock.now(),
    )


def _first(entry: dict[str, Any], *names: str) -> Any:
    return next((entry[name] for name in names if entry.get(name) is not None), None)


def _wrong_failures() -> UsageError:
    return UsageError(
        f"{FAILURES} should be a list or a map of symbols with error text and retry count. Nothing was imported."
    )


def _save_task(task: SyncTask) -> int:
    if SyncTask.objects.filter(config__imported_from=task.config["imported_from"]).exists():
        return 0
    task.save()
    return 1


def _save_failure(record: SyncFailureRecord) -> int:
    known = SyncFailureRecord.objects.filter(dataset=record.dataset, third_code=record.third_code)
    if known.exists():
        return 0
    record.save()
    return 1
