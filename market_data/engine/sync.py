"""One door for everybody who wants a dataset synced: command, schedule and API call the same functions."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from django.conf import settings

from market_data.datasets import IN_ALL, Dataset, Parts, Rhythm, dataset_named
from market_data.engine import accounts
from market_data.engine.ledger import blindness, cells, coverage, denials, gaps, lists
from market_data.engine.orders import Order, check_order, dataset_of, window
from market_data.engine.planner.planning import Wanted
from market_data.engine.running import tasks
from market_data.engine.running.runner import Runner
from market_data.exceptions import AlreadyRunning, NotPermitted, Permanent, UsageError
from market_data.memory import keep_few_heaps
from market_data.models import Partition, Security, SyncFailureRecord, SyncTask
from market_data.providers.base import Provider

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
PARTIAL = "PARTIAL"
COMPLETE, INCOMPLETE, WRONG_USAGE, ALREADY_RUNNING, PERMANENT = range(5)


@dataclass(frozen=True)
class Outcome:
    """What a sync of one dataset came to. `reason` says in a sentence why it is not complete."""

    dataset: str
    task_id: str | None = None
    provider: str = ""
    status: str = "COMPLETED"
    calls: int = 0
    rows: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    failures: int = 0
    seconds: float = 0.0
    reason: str = ""
    exit_code: int = COMPLETE
    denied: bool = False
    dependencies: tuple["Outcome", ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        hidden = ("exit_code", "denied", "dependencies")
        shown = {name: value for name, value in asdict(self).items() if name not in hidden}
        return {**shown, "dependencies": [outcome.as_json() for outcome in self.dependencies]}


@dataclass
class Session:
    """What the datasets of one command share: who watches, whether to stop, whether a person asked."""

    watch: Callable[[Runner], None] = lambda runner: None
    stop: threading.Event = field(default_factory=threading.Event)
    resumes_paused: bool = True
    is_cancelled: Callable[[], bool] = lambda: False

    def look_again(self) -> bool:
        """Wait a moment for somebody else; whether that makes sense any more."""
        return not self.stop.wait(LOOK_SECONDS) and not self.is_cancelled()


def sync(name: str, order: Order, session: Session | None = None) -> Outcome:
    """Bring a dataset, and first what it depends on, up to date.

    Raises UsageError, AlreadyRunning and, where nothing can be asked at all, Permanent.
    """
    session = session or Session()
    dataset = dataset_of(name, order)
    check_order(order)
    before = tuple(_bring_dependencies(dataset, order, session))
    blocking = next((outcome for outcome in before if outcome.exit_code and not _optional(outcome, order)), None)
    if blocking:
        reason = f"{blocking.dataset} is needed first: {blocking.reason}"
        return Outcome(name, status="FAILED", reason=reason, exit_code=blocking.exit_code, dependencies=before)
    return replace(_sync_alone(dataset, order, session), dependencies=before)


def sync_all(order: Order, session: Session | None = None) -> list[Outcome]:
    """Every dataset of `all`, each after what it depends on. One that fails does not stop the others."""
    session = session or Session()
    outcomes: list[Outcome] = []
    for name in IN_ALL:
        if session.stop.is_set():
            break
        try:
            outcomes.append(sync(name, order, session))
        except AlreadyRunning as error:
            outcomes.append(Outcome(name, status="RUNNING", reason=str(error), exit_code=ALREADY_RUNNING))
    return outcomes


def _bring_dependencies(dataset: Dataset, order: Order, session: Session) -> list[Outcome]:
    """Lists that are not there or no longer fresh, and events of days that have none yet."""
    outcomes = []
    for name in dataset.depends_on:
        provider = _provider_of_dependency(dataset_named(name), order)
        if session.stop.is_set() or provider is None or denials.is_denied(accounts.account_at(provider).name, name):
            continue
        needed = dataset_named(name).asked_of(provider)
        if _is_there(needed, order):
            continue
        lists = replace(order, symbols=None, refetch=False, job_type="", provider=provider)
        outcome = _when_free(partial(_sync_alone, needed, lists, session), session)
        outcomes.append(outcome)
        if outcome.exit_code and not _optional(outcome, order):
            break
    return outcomes


def _when_free(bring: Callable[[], Outcome], session: Session) -> Outcome:
    """What is needed by several is brought by one of them, which the others wait for. Raises AlreadyRunning."""
    deadline = time.monotonic() + settings.SYNC_LEASE_SECONDS
    while True:
        try:
            return bring()
        except AlreadyRunning:
            if time.monotonic() > deadline or not session.look_again():
                raise


def _unless_lost(start: Callable[[], SyncTask], name: str, session: Session) -> SyncTask:
    """Start a task, at the latest when the lease of somebody who was lost with his host runs out.

    Raises AlreadyRunning as soon as whoever works on the dataset shows that he lives.
    """
    seen = None
    while True:
        try:
            return start()
        except AlreadyRunning:
            sign = tasks.sign_of_life_elsewhere(name)
            if sign is None or seen not in (None, sign) or not session.look_again():
                raise
            seen = sign


def _provider_of_dependency(needed: Dataset, order: Order) -> str | None:
    """Its own provider; where that is not configured, the order's; None where that has no such dataset."""
    if order.provider in ("", needed.provider) or not accounts.account_at(needed.provider).lacking:
        return needed.provider
    return order.provider if order.provider in needed.elsewhere else None


def _is_there(dataset: Dataset, order: Order) -> bool:
    wanted = window(dataset, order)
    if dataset.parts == Parts.WHOLE:
        return lists.is_fresh(dataset) or lists.serves(dataset, wanted.start, wanted.end)
    coverage.ensure(dataset, wanted.start, wanted.end)
    coverage.refresh(dataset)
    return not gaps.count_open(dataset, wanted.start, wanted.end, None, (*gaps.OPEN, Partition.State.SUSPECT))


def _optional(outcome: Outcome, order: Order) -> bool:
    """Work goes on without it: the account may not ask for it, or some days of it are missing or not believed, or what
    is stored of it must do for a provider that stands in for one that does not answer."""
    if outcome.denied or (outcome.exit_code == INCOMPLETE and outcome.rows > 0):
        return True
    needed = dataset_named(outcome.dataset)
    stands_in = order.provider not in ("", needed.provider)
    if not stands_in and outcome.status != PARTIAL:
        return False
    return needed.parts == Parts.EVENTS or needed.model._default_manager.exists()


def _sync_alone(dataset: Dataset, order: Order, session: Session) -> Outcome:
    keep_few_heaps()
    wanted = window(dataset, order)
    provider = accounts.provider_named(order.provider or dataset.provider)
    with closing(provider), cells.assumed_listed(dataset, wanted.symbols or (), wanted.start):
        return _carry_out(dataset, order, wanted, provider, session)


def _carry_out(dataset: Dataset, order: Order, wanted: Wanted, provider: Provider, session: Session) -> Outcome:
    began = time.monotonic()
    reports = dataset.rhythm == Rhythm.QUARTERS
    batch = settings.SYNC_FINANCE_HISTORY_BATCH_SIZE if reports else settings.SYNC_DAILY_HISTORY_BATCH_SIZE
    job_type = order.job_type or dataset.job_type
    config, resumes_paused = order.as_config(), session.resumes_paused
    start = partial(tasks.start, job_type, dataset.name, config, batch, resumes_paused=resumes_paused)
    task = _unless_lost(start, dataset.name, session)
    runner = Runner(dataset, task, provider, wanted, session.watch, session.stop)
    try:
        runner.run()
    except BaseException as error:
        tasks.finish(task, SyncTask.Status.FAILED, f"{type(error).__name__}: {error}")
        raise
    return _conclude(runner, wanted, provider.account, provider.calls, time.monotonic() - began)


def _conclude(runner: Runner, wanted: Wanted, account: str, calls: int, seconds: float) -> Outcome:
    status, reason, code = _verdict(runner, wanted, account)
    tasks.finish(runner.task, SyncTask.Status.FAILED if status == PARTIAL else status, reason)
    totals = runner.totals
    return Outcome(
        dataset=runner.dataset.name,
        task_id=str(runner.task.id),
        provider=runner.provider.name,
        status=status,
        calls=calls,
        rows=totals.rows,
        inserted=totals.inserted,
        updated=totals.updated,
        unchanged=totals.unchanged,
        failures=totals.failures,
        seconds=round(seconds, 3),
        reason=reason,
        exit_code=code,
        denied=runner.end is not None and isinstance(runner.end.error, NotPermitted),
    )


def _verdict(runner: Runner, wanted: Wanted, account: str) -> tuple[str, str, int]:
    dataset, end = runner.dataset, runner.end
    if end is not None and isinstance(end.error, NotPermitted):
        denials.note(account, dataset.api_name, str(end.error))
        return "FAILED", end.reason, PERMANENT
    if end is not None:
        return str(end.status), end.reason, PERMANENT if isinstance(end.error, Permanent) else INCOMPLETE
    denials.lift(account, dataset.api_name)
    still_open = gaps.count_open(dataset, wanted.start, wanted.end, wanted.symbols)
    if runner.totals.failures or still_open:
        reason = f"{still_open} parts are not complete and {runner.totals.failures} requests or rows failed."
        return "FAILED", f"{reason} `gaps {dataset.name}` lists them.", INCOMPLETE
    doubts = _doubts(dataset, wanted)
    return (PARTIAL, " ".join(doubts), INCOMPLETE) if doubts else ("COMPLETED", "", COMPLETE)


def _doubts(dataset: Dataset, wanted: Wanted) -> list[str]:
    """Why what came is not all there is, each reason in a sentence."""
    blind = blindness.sentences(dataset, wanted.start, wanted.end)
    suspect = gaps.count_open(dataset, wanted.start, wanted.end, wanted.symbols, (Partition.State.SUSPECT,))
    if suspect and dataset.parts == Parts.WHOLE:
        return [f"{lists.reason_to_doubt(dataset)} What is stored stays; it is asked for again.", *blind]
    if suspect:
        blind.append(f"{suspect} days are suspect: `gaps {dataset.name}` says why, and they are asked for again.")
    return blind


@dataclass
class Retried:
    """What became of open failures."""

    retried: int = 0
    resolved: int = 0
    remaining: int = 0
    reasons: list[str] = field(default_factory=list)
    exit_code: int = COMPLETE


def retry_failures(names: list[str], session: Session | None = None) -> Retried:
    """Ask again for the open failures of these datasets, those that wait for a person included."""
    result = Retried()
    for name in names:
        open_failures = SyncFailureRecord.objects.filter(dataset=name, resolved_at=None)
        before = open_failures.count()
        if not before:
            continue
        open_failures.update(retry_count=0)
        for order in _orders_of_failures(name):
            outcome = sync(name, order, session)
            result.exit_code = max(result.exit_code, outcome.exit_code)
            if outcome.reason:
                result.reasons.append(f"{name}: {outcome.reason}")
        result.retried += before
        result.remaining += open_failures.count()
    result.resolved = result.retried - result.remaining
    return result


def _orders_of_failures(name: str) -> list[Order]:
    """What failed, and no more: a list as a whole, else each span of days, of the symbols that failed in it."""
    if dataset_named(name).parts == Parts.WHOLE:
        return [Order(refetch=True)]
    by_span: defaultdict[tuple[date, date], set[str]] = defaultdict(set)
    markets: set[tuple[date, date]] = set()
    records = SyncFailureRecord.objects.filter(dataset=name, resolved_at=None)
    for start, end, symbols in records.values_list("start_date", "end_date", "symbols"):
        by_span[start, end].update(symbols)
        if not symbols:
            markets.add((start, end))
    known = set(Security.objects.filter(symbol__in=set().union(*by_span.values())).values_list("symbol", flat=True))
    orders = [Order(*span) for span in sorted(markets, reverse=True)]
    for span, symbols in sorted(by_span.items(), reverse=True):
        if span not in markets and symbols & known:
            orders.append(Order(*span, symbols=tuple(sorted(symbols & known))))
    return orders


def resume(task_id: str, session: Session | None = None) -> Outcome:
    """Go on with a paused or failed task. Raises UsageError where there is nothing to resume."""
    task = tasks.get(task_id)
    if task.status not in (SyncTask.Status.PAUSED, SyncTask.Status.FAILED):
        raise UsageError(f"Task {task.id} is {task.status}; only a paused or failed one can be resumed.")
    return sync(task.dataset, replace(Order.from_config(task.config), job_type=task.job_type), session)
