"""The JSON progress files of the predecessor, taken over once."""

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from market_data.datasets import dataset_named
from market_data.datasets.reference import FIRST_TRADING_DAY
from market_data.engine.ledger import clock
from market_data.exceptions import BadFile, UsageError
from market_data.files.codes import to_ours
from market_data.models import SyncFailureRecord, SyncTask

REPORTS = "fina_indicator"
STATES = {
    "sync_daily_state.json": ("DAILY_HISTORY", "daily"),
    "sync_finance_state.json": ("FINANCE_HISTORY", REPORTS),
}
FAILURES = "sync_finance_failures.json"
LARGEST = 2**31 - 1
_KEY = re.compile(r"([^|\s]{1,64})(?:\|(\d{8}))?")
_SYMBOL = re.compile(r"[0-9A-Za-z]{1,16}\.[A-Z]{2,4}")


@dataclass
class TakenOver:
    """How many rows were made, and a sentence for each file that was refused."""

    imported: int = 0
    complaints: list[str] = field(default_factory=list)


def import_json_state(folder: Path) -> TakenOver:
    """Progress as pending sync tasks, failures as failure records.

    A file that was imported before is passed over; one of another shape is refused, and nothing of it is imported.
    Raises UsageError where there is no file that can be taken.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.")
    found = [name for name in (*STATES, FAILURES) if (folder / name).exists()]
    if not found:
        raise UsageError(f"{folder} has none of the files {', '.join((*STATES, FAILURES))}.")
    done, rows = TakenOver(), list[SyncTask | SyncFailureRecord]()
    for name in found:
        try:
            content = _read(folder / name)
            rows += [_task(name, content)] if name in STATES else _failures(content)
        except BadFile as error:
            done.complaints.append(str(error))
    if len(done.complaints) == len(found):
        raise UsageError(" ".join(done.complaints))
    with transaction.atomic():
        done.imported = sum(_save_task(row) if isinstance(row, SyncTask) else _save_failure(row) for row in rows)
    return done


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError, RecursionError) as error:
        raise BadFile(f"{path.name} is not JSON: {error}. Nothing was imported from it.") from error


def _task(name: str, content: Any) -> SyncTask:
    offset = content.get("offset") if isinstance(content, dict) else None
    if not isinstance(offset, int) or isinstance(offset, bool) or not 0 <= offset <= LARGEST:
        raise BadFile(f"{name} should be an object with an offset of 0 or more. Nothing was imported from it.")
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
    """A list of keys or of objects that name one, or a map from keys to error texts or objects; either alone, or as
    `failures`. A key is a symbol, or a symbol and a quarter: 600000.SH|20240331."""
    if isinstance(content, dict) and isinstance(content.get("failures"), list | dict):
        content = content["failures"]
    entries = content.items() if isinstance(content, dict) else [(None, entry) for entry in _as_list(content)]
    return [_failure(key, entry) for key, entry in entries]


def _as_list(content: Any) -> list[Any]:
    if not isinstance(content, list):
        raise _wrong_failures()
    return content


def _failure(key: str | None, entry: Any) -> SyncFailureRecord:
    if isinstance(entry, str):
        entry = {"symbol": entry} if key is None else {"error": entry}
    if not isinstance(entry, dict):
        raise _wrong_failures()
    key = key if key is not None else _first(entry, "symbol", "third_code", "ts_code", "code")
    retries = _first(entry, "retry_count", "retries") or 0
    if not isinstance(retries, int) or not 0 <= retries <= LARGEST:
        raise _wrong_failures()
    symbol, period = _parts(key)
    return SyncFailureRecord(
        job_type="FINANCE_HISTORY",
        dataset=REPORTS,
        third_code=symbol,
        symbols=[symbol],
        start_date=period or settings.SYNC_FINANCE_HISTORY_START_DATE or FIRST_TRADING_DAY,
        end_date=period or clock.today(),
        error_message=str(_first(entry, "error_message", "error", "message") or "imported without a message"),
        retry_count=retries,
        max_retries=settings.SYNC_FAILURE_MAX_RETRIES,
        last_attempt_at=clock.now(),
    )


def _parts(key: Any) -> tuple[str, date | None]:
    """The symbol of a key, and its quarter where it names one."""
    match = _KEY.fullmatch(key.strip()) if isinstance(key, str) else None
    if match is None:
        raise _wrong_failures()
    code, period = match.groups()
    symbol = to_ours(code, dataset_named(REPORTS)) or code
    if not _SYMBOL.fullmatch(symbol):
        raise _wrong_failures()
    try:
        return symbol, datetime.strptime(period, "%Y%m%d").date() if period else None  # noqa: DTZ007 - a day
    except ValueError as error:
        raise _wrong_failures() from error


def _first(entry: dict[str, Any], *names: str) -> Any:
    return next((entry[name] for name in names if entry.get(name) is not None), None)


def _wrong_failures() -> BadFile:
    return BadFile(
        f"{FAILURES} should be a list or a map of symbols, such as 600000.SH or 600000.SH|20240331, with error text "
        "and retry count where there are any. Nothing was imported from it."
    )


def _save_task(task: SyncTask) -> int:
    if SyncTask.objects.filter(config__imported_from=task.config["imported_from"]).exists():
        return 0
    task.save()
    return 1


def _save_failure(record: SyncFailureRecord) -> int:
    known = SyncFailureRecord.objects.filter(dataset=record.dataset, third_code=record.third_code)
    if record.start_date == record.end_date:
        known = known.filter(start_date=record.start_date, end_date=record.end_date)
    if known.exists():
        return 0
    record.save()
    return 1
