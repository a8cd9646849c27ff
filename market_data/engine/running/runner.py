"""Carry a sync task out: keep requests in flight, store what comes, decide what happens to what does not."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction

from market_data.datasets import Dataset, Parts
from market_data.engine.ledger import clock, coverage, denials
from market_data.engine.planner import planning
from market_data.engine.running import failures, setbacks, tasks, whole
from market_data.engine.running.asking import Asking
from market_data.engine.running.fetching import Fetched, Fetching, fetch
from market_data.engine.running.heartbeat import beating
from market_data.engine.running.lessons import Lessons
from market_data.engine.running.narrowing import can_narrow
from market_data.engine.running.store import Store
from market_data.engine.storing.judging import Verdict
from market_data.engine.storing.writer import Counts
from market_data.exceptions import (
    BadPayload,
    BadRequest,
    NotPermitted,
    Permanent,
    ProviderError,
    Transient,
)
from market_data.memory import give_memory_back
from market_data.models import SyncRequest, SyncTask
from market_data.providers.base import Provider, Stopped

log = logging.getLogger(__name__)

FIRST_IN_FLIGHT = 8
UNWRITTEN_AT_MOST = 4
LOOK_SECONDS = 0.05
GROW_SECONDS = 0.25
CONTROL_SECONDS = 0.5
REFRESH_SECONDS = 5.0
REFRESH_SHARE = 50
DATABASE_WAITS = (0.5, 1, 2, 4, 8)
State = SyncRequest.State
T = TypeVar("T")


@dataclass
class Totals:
    """What a run has done so far."""

    rows: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    done: int = 0
    planned: int = 0
    failures: int = 0

    def add(self, rows: int, counts: Counts) -> None:
        self.rows += rows
        self.inserted += counts.inserted
        self.updated += counts.updated
        self.unchanged += counts.unchanged
        self.done += 1


@dataclass(frozen=True)
class End:
    """Why a run ends before its plan does, and how the task is left."""

    reason: str
    status: str = SyncTask.Status.FAILED
    error: Exception | None = None
    forgets_plan: bool = False


@dataclass
class Runner:
    """One process's work on one task. `watch` is called a few times a second; `stop` may be set from anywhere."""

    dataset: Dataset
    task: SyncTask
    provider: Provider
    wanted: planning.Wanted
    watch: Callable[["Runner"], None] = lambda runner: None
    stop: threading.Event = field(default_factory=threading.Event)
    totals: Totals = field(default_factory=Totals)
    end: End | None = None

    def __post_init__(self) -> None:
        self.owner = uuid.uuid4().hex
        self.started_at = clock.now()
        self._allowed = min(FIRST_IN_FLIGHT, settings.SYNC_CONCURRENCY)
        self._in_flight: dict[Future[Fetched], SyncRequest] = {}
        self._database_failed = False
        self._last_success: datetime | None = None
        self._grow_after = time.monotonic() + GROW_SECONDS
        self._look_at_control = self._look_at_quota = self._refresh_after = 0.0
        self._quota = (0, 0)

    def run(self) -> None:
        """Work until the plan is done and a new one is empty, or until `end` says why not."""
        with beating(self.task, self.owner, self._end_lost):
            self._store_of_run = Store(self.dataset, self.task, self.provider.name, self.wanted.start, self.wanted.end)
            self._fetching = Fetching(self.provider, self.dataset, self._store_of_run.roster)
            self._asking = Asking(self.dataset, self.wanted.start, self.wanted.end)
            cap = planning.row_cap(self.dataset, self.wanted.account)
            self._lessons = Lessons(self._fetching, self._asking, self.task, self.wanted.account, cap)
            if tasks.open_requests(self.task).exists():
                self._count_planned()
            else:
                self._plan()
            while self.end is None and tasks.open_requests(self.task).exists():
                self._work()
                self._with_database(self._close_books)
                if self.end is None:
                    self._lessons.look_back()
                    self._plan()
        if self.end and self.end.forgets_plan:
            tasks.drop_open_requests(self.task)

    @property
    def quota(self) -> tuple[int, int]:
        """Calls used and allowed, looked up now and then."""
        if time.monotonic() > self._look_at_quota:
            self._look_at_quota = time.monotonic() + CONTROL_SECONDS
            self._quota = self.provider.quota()
        return self._quota

    def _plan(self) -> None:
        plan = planning.plan_for(self.dataset, self.wanted, self._asked(State.DONE, State.FAILED))
        for request in plan.requests:
            request.task = self.task
        SyncRequest.objects.bulk_create(plan.requests, batch_size=500)
        self._count_planned()

    def _asked(self, *states: State) -> list[planning.Rectangle]:
        """What this run has asked, with whatever result: not to be asked twice in one run."""
        ended = self.task.requests.filter(state__in=states, finished_at__gte=self.started_at)
        return [
            planning.Rectangle(frozenset(r.symbols) if r.symbols else None, r.start_date, r.end_date)
            for r in ended.only("symbols", "start_date", "end_date").iterator()
        ]

    def _close_books(self) -> None:
        """Bring the ledger up to date with what was stored."""
        wanted = self.wanted
        if self.end is None and wanted.symbols is None and self.dataset.parts != Parts.WHOLE:
            spans = ((asked.start, asked.end) for asked in self._asked(State.DONE))
            for start, end in coverage.merged(spans, apart=1):
                coverage.asked_again(self.dataset, start, end, self.started_at)
        coverage.refresh(self.dataset)
        if failures.resolve_answered(self.dataset):
            coverage.refresh(self.dataset)
        given_up = self.task.requests.filter(state=State.FAILED, finished_at__gte=self.started_at)
        if self.dataset.parts == Parts.WHOLE and self.end is None and not given_up.exists():
            whole.complete(self.dataset, self.task)

    def _work(self) -> None:
        with ThreadPoolExecutor(settings.SYNC_CONCURRENCY, thread_name_prefix="fetch") as pool:
            try:
                while self._turn(pool):
                    pass
            finally:
                if self._in_flight:
                    self.provider.stop()

    def _turn(self, pool: ThreadPoolExecutor) -> bool:
        """One look at everything. False when there is nothing left to do or to wait for."""
        self._obey()
        if self.end is None:
            self._top_up(pool)
        if not self._in_flight:
            return self.end is None and self._wait_until_due()
        done, _ = wait(self._in_flight, LOOK_SECONDS, FIRST_COMPLETED)
        for future in done:
            self._settle(self._in_flight.pop(future), future)
        if done or not self.provider.calls:  # the first call waits until the provider's package is imported
            self._grow_after = time.monotonic() + GROW_SECONDS
        elif time.monotonic() > self._grow_after:
            self._allowed = min(2 * self._allowed, settings.SYNC_CONCURRENCY)
            self._grow_after = time.monotonic() + GROW_SECONDS
        self._refresh_now_and_then()
        self.watch(self)
        return True

    def _obey(self) -> None:
        """Look whether somebody wants the run to stop."""
        if self.stop.is_set() and self.end is None:
            self._finish_early(End("Stopped by a signal; the same command goes on from here."))
        if time.monotonic() < self._look_at_control:
            return
        self._look_at_control = time.monotonic() + CONTROL_SECONDS
        wanted = self._with_database(lambda: SyncTask.objects.values_list("wanted", flat=True).get(id=self.task.id))
        if wanted == "PAUSE":
            self._finish_early(End("Paused by a person.", SyncTask.Status.PAUSED))
        elif wanted == "CANCEL":
            self._finish_early(End("Cancelled by a person.", forgets_plan=True))

    def _finish_early(self, end: End) -> None:
        """Let what is in flight arrive and send nothing more."""
        self.end = self.end or end
        self.provider.stop()

    def _end_lost(self) -> None:
        self._finish_early(End("Another process has taken this task over.", error=tasks.Lost()))

    def _top_up(self, pool: ThreadPoolExecutor) -> None:
        unwritten = sum(future.done() for future in self._in_flight)
        room = self._allowed - len(self._in_flight)
        if room <= 0 or unwritten > UNWRITTEN_AT_MOST:
            return
        for request in self._with_database(lambda: self._claim(room)):
            question = self._with_database(partial(self._asking.question, request, self._lessons.cap))
            self._in_flight[pool.submit(fetch, self._fetching, request, question)] = request

    def _claim(self, room: int) -> list[SyncRequest]:
        if self._database_failed:
            # A claim whose commit got through and whose answer did not: nobody works on those.
            known = [request.id for request in self._in_flight.values()]
            tasks.release(self.task, self.owner, except_for=known)
            self._database_failed = False
        return tasks.claim(self.task, self.owner, room)

    def _wait_until_due(self) -> bool:
        """Wait for requests that may not be sent yet. False where there are none."""
        if not tasks.open_requests(self.task).exists():
            return False
        self.stop.wait(LOOK_SECONDS)
        self.watch(self)
        return True

    def _settle(self, request: SyncRequest, future: Future[Fetched]) -> None:
        try:
            self._with_database(self._next_step(request, future))
        except Permanent as error:
            self._with_database(partial(self._after, request, error))
        except tasks.Lost:
            log.warning("Request %s was taken over by another process.", request.id)

    def _next_step(self, request: SyncRequest, future: Future[Fetched]) -> Callable[[], None]:
        """What is to be done with a request that came back."""
        try:
            fetched = future.result()
        except (Stopped, ProviderError) as error:
            return partial(self._after, request, error)
        except (OperationalError, InterfaceError) as error:
            # The budget's database was away when the call waited for its turn.
            return partial(self._after, request, Transient(str(error)))
        self._last_success = clock.now()
        return partial(self._store, request, fetched)

    def _store(self, request: SyncRequest, fetched: Fetched) -> None:
        is_cut = fetched.judgement.verdict == Verdict.ASK_DIFFERENTLY
        if is_cut and self.dataset.parts == Parts.WHOLE and not can_narrow(self.dataset, request):
            self._give_up(request, BadPayload(f"{self.dataset.name}: the list is longer than an answer."))
            return
        counts, refused = self._store_of_run.store(request, fetched)
        give_memory_back()
        self.totals.add(fetched.table.num_rows, counts)
        self.totals.failures += refused
        self._lessons.learn(request, fetched, counts.inserted)
        if is_cut:
            self._count_planned()

    def _count_planned(self) -> None:
        """Others have taken the place of some requests, or some have been dropped."""
        self.totals.planned = self.totals.done + tasks.open_requests(self.task).count()

    def _after(self, request: SyncRequest, error: Exception) -> None:
        """What becomes of a request that brought nothing."""
        if isinstance(error, Stopped):
            self._put_back(request)
        elif isinstance(error, NotPermitted) and self.dataset.fallback:
            self._fall_back(request, error)
        elif isinstance(error, NotPermitted) and request.shape == "date" and self._market_interface:
            self._go_by_symbol(request, error)
        elif setbacks.ends_run(error, request.attempts, self._last_success):
            self._put_back(request)
            self._finish_early(End(str(error), error=error))
        elif isinstance(error, BadRequest) or setbacks.is_last(request.attempts):
            self._give_up(request, error)
        else:
            pause = setbacks.pause_after(error, request.attempts)
            self._put_back(request, pause, attempts=request.attempts + 1, error=str(error))

    def _put_back(self, request: SyncRequest, pause: timedelta | None = None, **fields: object) -> None:
        not_before = clock.now() + pause if pause else None
        tasks.conclude(request, State.PENDING, not_before=not_before, **fields)

    def _give_up(self, request: SyncRequest, error: Exception) -> None:
        log.warning("%s: gave up %s: %s", self.dataset.name, request, error)
        with transaction.atomic():
            tasks.conclude(request, State.FAILED, finished_at=clock.now(), error=str(error))
            failures.give_up(self.dataset, self.task.job_type, request, error)
            tasks.count_progress(self.task, 1, 0)
        self.totals.failures += 1
        self.totals.done += 1

    @property
    def _market_interface(self) -> str:
        """The interface for whole markets, where that is one of its own."""
        return self.dataset.by_day.interface if self.dataset.by_day else ""

    def _go_by_symbol(self, request: SyncRequest, error: Exception) -> None:
        log.warning("%s: %s It is asked for symbol by symbol.", self.dataset.name, error)
        denials.note(self.wanted.account, self._market_interface, str(error))
        self.wanted = replace(self.wanted, by_symbol=True)
        tasks.conclude(request, State.CANCELLED, finished_at=clock.now())
        tasks.drop_waiting_requests(self.task)

    def _fall_back(self, request: SyncRequest, error: Exception) -> None:
        log.warning("%s: %s A library's copy is used instead.", self.dataset.name, error)
        rows, counts = whole.fall_back(self.dataset, self.task, request)
        self.totals.add(rows, counts)

    def _refresh_now_and_then(self) -> None:
        """Bring the ledger up to date often enough to watch, at a fiftieth of the time at most."""
        if time.monotonic() < self._refresh_after:
            return
        before = time.monotonic()
        self._with_database(lambda: coverage.refresh(self.dataset))
        cost = time.monotonic() - before
        self._refresh_after = time.monotonic() + max(REFRESH_SECONDS, REFRESH_SHARE * cost)

    def _with_database(self, work: Callable[[], T]) -> T:
        """Do it again while the database is away for a moment; each piece of work is one transaction."""
        for pause in DATABASE_WAITS:
            try:
                return work()
            except (OperationalError, InterfaceError) as error:
                if "full" in str(error) or "readonly" in str(error):
                    raise
                log.warning("The database failed, trying again in %g s: %s", pause, error)
                self._database_failed = True
                connection.close()
                time.sleep(pause)
        return work()
