"""Store an answer: rows, ledger and request state in one transaction, wholly there or not at all."""

from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from market_data.datasets import Dataset, Parts, Rhythm
from market_data.engine import cells, clock, coverage, failures, origin, tasks
from market_data.engine.fetching import Fetched
from market_data.engine.roster import Roster
from market_data.engine.spells import store_spells
from market_data.engine.writer import Counts, upsert
from market_data.models import SyncRequest, SyncTask

State = SyncRequest.State


class Store:
    """Stores the answers of one run. Symbols and expectations are those of its beginning."""

    def __init__(self, dataset: Dataset, task: SyncTask, provider: str, start: date, end: date) -> None:
        self.dataset = dataset
        self.task = task
        self.provider = provider
        self.roster = Roster(dataset, start, end) if dataset.parts == Parts.CELLS else None
        self._origin_known = False

    def store(self, request: SyncRequest, fetched: Fetched) -> Counts:
        """Raises Lost where the request or the task was taken over, Permanent for data of the wrong origin."""
        moment = clock.now()
        rows = fetched.table.num_rows
        with transaction.atomic():
            _commit_lazily()
            tasks.conclude(request, State.DONE, rows=rows, finished_at=moment, error="")
            if not self._origin_known:
                origin.claim(made_up=fetched.made_up)
            counts = self._upsert(fetched, moment)
            if self.dataset.parts != Parts.WHOLE:
                self._note_answer(request, fetched, moment)
            for row in fetched.refused:
                failures.refuse_row(self.dataset, self.task.job_type, row)
            tasks.count_progress(self.task, 1, rows)
        self._origin_known = True
        return counts

    def _upsert(self, fetched: Fetched, moment: datetime) -> Counts:
        table = fetched.table
        span = self.dataset.expectation_span(table) if self.dataset.expectation_span else None
        if self.dataset.group:
            return store_spells(self.dataset, table, clock.today(), fetched.payload)
        overwrite = self.provider == self.dataset.provider
        counts = upsert(self.dataset, table, moment, self.provider, overwrite=overwrite, payload=fetched.payload)
        if span and counts.inserted + counts.updated:
            coverage.mark_expectations(*span)
        return counts

    def _note_answer(self, request: SyncRequest, fetched: Fetched, moment: datetime) -> None:
        start, end = request.start_date, request.end_date
        if not (fetched.truncated or fetched.refused or request.symbols):
            coverage.answered(self.dataset, start, end, moment)
        unlisted = self._note_cells(request, fetched, moment) if self.roster else False
        coverage.mark([self.dataset.name], start, end, unlisted=unlisted)

    def _note_cells(self, request: SyncRequest, fetched: Fetched, moment: datetime) -> bool:
        """Note which cells are missing. Returns whether there are symbols that are in no list."""
        assert self.roster is not None  # noqa: S101 - only datasets of cells come here
        start, end, table = request.start_date, request.end_date, fetched.table
        cells.forget_stored(self.dataset, table, start, end)
        if not fetched.truncated:
            symbols, days = fetched.missing or self.roster.missing_from(table, start, end, request.symbols or None)
            if symbols:
                refused = {
                    (row["symbol"], date.fromisoformat(row[self.dataset.date_column])) for row in fetched.refused
                }
                cells.note_missing(self.dataset, symbols, days, moment, except_for=refused)
        # Only bars tell when a stock that is in no list was traded.
        by_session = self.dataset.rhythm == Rhythm.SESSIONS
        return by_session and not self.roster.named.issuperset(table["symbol"].unique().to_pylist())


def _commit_lazily() -> None:
    """Do not wait for the disk at this commit: rows and state are kept or lost together.

    The commit that finishes the task waits, and with it everything before.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")


def split(dataset: Dataset, task: SyncTask, request: SyncRequest) -> int:
    """Replace a request whose answer did not fit by smaller ones. Returns how many; 0 where it cannot be split."""
    halves = _halves(request)
    if request.shape == "whole" and dataset.narrower:
        days = {"start_date": request.start_date, "end_date": request.end_date}
        halves = [{"params": params, **days} for params in dataset.narrower(request.params)]
    if not halves:
        return 0
    with transaction.atomic():
        tasks.conclude(request, State.SPLIT, finished_at=clock.now())
        SyncRequest.objects.bulk_create(
            [
                SyncRequest(task=task, shape=request.shape, expected_rows=request.expected_rows // 2, **half)
                for half in halves
            ]
        )
        tasks.count_progress(task, 0, 0)
    return len(halves)


def _halves(request: SyncRequest) -> list[dict[str, Any]]:
    """By days where there are several, else by symbols."""
    days = (request.end_date - request.start_date).days
    same = {"symbols": request.symbols, "start_date": request.start_date, "end_date": request.end_date}
    if request.shape == "range" and days == 1:
        return [{**same, "end_date": request.start_date}, {**same, "start_date": request.end_date}]
    if request.shape in ("symbols", "range") and days > 0:
        middle = request.start_date + (request.end_date - request.start_date) // 2
        return [{**same, "end_date": middle}, {**same, "start_date": date.fromordinal(middle.toordinal() + 1)}]
    if len(request.symbols) > 1:
        half = len(request.symbols) // 2
        return [{**same, "symbols": request.symbols[:half]}, {**same, "symbols": request.symbols[half:]}]
    return []
