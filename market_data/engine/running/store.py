"""Store an answer: rows, ledger and request state in one transaction, wholly there or not at all."""

from datetime import date, datetime

from django.db import connection, transaction

from market_data.datasets import Dataset, Parts, Rhythm
from market_data.engine.ledger import cells, clock, coverage, lists
from market_data.engine.ledger.roster import Roster
from market_data.engine.running import failures, tasks
from market_data.engine.running.fetching import Fetched
from market_data.engine.running.narrowing import rest_of, whole_from
from market_data.engine.storing import origin
from market_data.engine.storing.judging import Verdict
from market_data.engine.storing.listed import note_listed
from market_data.engine.storing.spells import store_spells
from market_data.engine.storing.writer import Counts, upsert
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
        self._answer_days: set[tuple[date, date, date]] = set()

    def store(self, request: SyncRequest, fetched: Fetched) -> tuple[Counts, int]:
        """Returns what became of the rows, and how many were refused and wait for somebody.

        Raises Lost where the request or the task was taken over, Permanent for data of the wrong origin."""
        moment = clock.now()
        rows = fetched.table.num_rows
        with transaction.atomic():
            _commit_lazily()
            state = State.SPLIT if self._replaced(request, fetched) else State.DONE
            tasks.conclude(request, state, rows=rows, finished_at=moment, error="")
            if not self._origin_known:
                origin.claim(made_up=fetched.made_up)
            counts = self._store_rows(request, fetched, moment)
            if self.dataset.parts != Parts.WHOLE:
                self._note_answer(request, fetched, moment)
            refused = failures.note_rows(self.dataset, self.task.job_type, request, fetched.refused, moment)
            changes = {"inserted": counts.inserted, "updated": counts.updated, "unchanged": counts.unchanged}
            tasks.count_progress(self.task, 1, rows, **changes)
        self._origin_known = True
        self._answer_days.add((request.start_date, request.end_date, clock.day_of(moment)))
        return counts, refused

    def _store_rows(self, request: SyncRequest, fetched: Fetched, moment: datetime) -> Counts:
        """Of a list that is not believed nothing is stored."""
        if self.dataset.parts != Parts.WHOLE:
            return self._upsert(fetched, moment)
        key = str(request.about.get("key", ""))
        is_suspect = fetched.judgement.verdict == Verdict.SUSPECT
        if is_suspect and not lists.doubt(self.dataset, key, fetched.table, fetched.judgement.reason):
            return Counts()
        lists.believe(self.dataset, key)
        counts = self._upsert(fetched, moment)
        note_listed(self.dataset, fetched.table)
        return counts

    def _upsert(self, fetched: Fetched, moment: datetime) -> Counts:
        table = fetched.table
        span = self.dataset.expectation_span(table) if self.dataset.expectation_span else None
        if self.dataset.grouped_by:
            return store_spells(self.dataset, table, clock.today(), fetched.payload)
        overwrite = self.provider == self.dataset.provider
        counts = upsert(
            self.dataset,
            table,
            moment,
            self.provider,
            overwrite=overwrite,
            payload=fetched.payload,
            lacking=fetched.lacking,
        )
        if span and counts.inserted + counts.updated:
            coverage.mark_expectations(*span)
        return counts

    def _replaced(self, request: SyncRequest, fetched: Fetched) -> bool:
        """Whether smaller requests take the place of one whose answer was cut, or looks as if it was."""
        if fetched.judgement.verdict != Verdict.ASK_DIFFERENTLY:
            return False
        rest = rest_of(self.dataset, request, fetched)
        for smaller in rest:
            smaller.task = self.task
        SyncRequest.objects.bulk_create(rest)
        return bool(rest)

    def _note_answer(self, request: SyncRequest, fetched: Fetched, moment: datetime) -> None:
        start, end = request.start_date, request.end_date
        settled_from = whole_from(self.dataset, request, fetched)
        if (start, end, clock.day_of(moment)) not in self._answer_days:
            coverage.count_answer_day(self.dataset, start, end, moment)
        if not request.symbols:
            if settled_from and not fetched.refused:
                coverage.answered(self.dataset, settled_from, end, moment)
            elif fetched.judgement.verdict == Verdict.SUSPECT:
                coverage.doubted(self.dataset, start, end, moment, fetched.judgement.reason)
        elif request.about.get("probes") and not fetched.table.num_rows:
            self._note_probed(request, moment)
        unlisted = self._note_cells(request, fetched, settled_from, moment) if self.roster else False
        coverage.mark([self.dataset.name], start, end, unlisted=unlisted)

    def _note_probed(self, request: SyncRequest, moment: datetime) -> None:
        """The day's answer for the whole market was not cut: it is all that the source has."""
        day, short = request.start_date, request.about["probes"]
        if short["is_plausible"]:
            coverage.answered(self.dataset, day, day, moment)
        else:
            coverage.doubted(self.dataset, day, day, moment, short["reason"])

    def _note_cells(self, request: SyncRequest, fetched: Fetched, settled_from: date | None, moment: datetime) -> bool:
        """Note which cells are missing. Returns whether there are symbols that are in no list."""
        assert self.roster is not None  # noqa: S101 - only datasets of cells come here
        start, end, table = request.start_date, request.end_date, fetched.table
        cells.forget_stored(self.dataset, table, start, end)
        if settled_from:
            found = fetched.missing or self.roster.missing_from(table, start, end, request.symbols or None)
            days = [day for day in found.days if day >= settled_from]
            if days:
                refused = {(row.symbol, row.day) for row in fetched.refused if row.day}
                cells.note_missing(self.dataset, found.symbols, days, moment, except_for=refused)
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
