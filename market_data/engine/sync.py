"""One door for everybody who wants a dataset synced: command, schedule and API call the same functions."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Max, Min

from market_data.datasets import IN_ALL, Dataset, Parts, Rhythm, dataset_named
from market_data.datasets.reference import FIRST_TRADING_DAY
from market_data.engine import accounts, cells, clock, coverage, denials, gaps, planning, tasks
from market_data.engine.memory import give_memory_back
from market_data.engine.runner import Runner
from market_data.exceptions import AlreadyRunning, NotPermitted, Permanent, UsageError
from market_data.models import WHOLE, Partition, Security, SyncFailureRecord, SyncTask, TradingDay
from market_data.ratelimit.budget import price as ideal_seconds

log = logging.getLogger(__name__)

DEPENDENCY_LOOK_SECONDS = 0.5
COMPLETE, INCOMPLETE, WRONG_USAGE, ALREADY_RUNNING, PERMANENT = range(5)


@dataclass(frozen=True)
class Order:
    """What is to be synced. Dates None: from where history begins, to today. `provider` "": the dataset's own."""

    start: date | None = None
    end: date | None = None
    symbols: tuple[str, ...] | None = None
    provider: str = ""
    refetch: bool = False
    ahead: bool = False
    job_type: str = ""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Order":
        symbols = config.get("symbols")
        return cls(
            start=parse_day(config.get("start")),
            end=parse_day(config.get("end")),
            symbols=tuple(symbols) if symbols is not None else None,
            provider=config.get("provider", ""),
            refetch=bool(config.get("refetch")),
            ahead=bool(config.get("ahead")),
        )

    def as_config(self) -> dict[str, Any]:
        days = {"start": self.start, "end": self.end}
        return {
            **{name: f"{day:%Y%m%d}" if day else None for name, day in days.items()},
            "symbols": list(self.symbols) if self.symbols is not None else None,
            "provider": self.provider,
            "refetch": self.refetch,
            "ahead": self.ahead,
        }


def parse_day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


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


def sync(name: str, order: Order, session: Session | None = None) -> Outcome:
    """Bring a dataset, and first what it depends on, up to date.

    Raises UsageError, AlreadyRunning and, where nothing can be asked at all, Permanent.
    """
    session = session or Session()
    dataset = _dataset_of(name, order)
    check_order(order)
    before = tuple(_bring_dependencies(dataset, order, session))
    blocking = next((outcome for outcome in before if outcome.exit_code and not _optional(outcome, order)), None)
    if blocking:
        reason = f"{blocking.dataset} is needed first: {blocking.reason}"
        return Outcome(name, None, "FAILED", reason=reason, exit_code=blocking.exit_code, dependencies=before)
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
            outcomes.append(Outcome(name, None, "RUNNING", reason=str(error), exit_code=ALREADY_RUNNING))
    return outcomes


def price(name: str, order: Order) -> dict[str, Any]:
    """What a sync would cost: calls, rows and seconds. Nothing is sent."""
    dataset = _dataset_of(name, order)
    check_order(order)
    calls, rows = _size(dataset, order)
    rate = accounts.account_at(order.provider or dataset.provider).rate
    seconds = ideal_seconds(calls, rate.limit, rate.window, TYPICAL_LATENCY_SECONDS) if calls else 0.0
    return {"dataset": name, "calls": calls, "rows_expected": rows, "seconds_expected": round(seconds, 1)}


TYPICAL_LATENCY_SECONDS = 1.0


def _dataset_of(name: str, order: Order) -> Dataset:
    """The dataset as the order's provider is asked for it. Raises UsageError where it cannot be asked like that."""
    provider = order.provider or dataset_named(name).provider
    accounts.account_at(provider)
    dataset = dataset_named(name).asked_of(provider)
    if dataset.parts == Parts.NAMED:
        raise UsageError(f"Nothing is expected of {name}: a watchlist names the symbols that are brought.")
    if dataset.parts == Parts.CELLS and not dataset.by_date and order.symbols is None and provider != dataset.provider:
        raise UsageError(f"{provider} gives {name} for named symbols only: add --symbols, such as 600000.SH.")
    return dataset


def _size(dataset: Dataset, order: Order) -> tuple[int, int]:
    if dataset.parts != Parts.WHOLE and not TradingDay.objects.exists():
        sessions = dataset_named("trade_cal").fallback().to_pydict()  # type: ignore[misc]
        wanted = window(dataset, order)
        days = zip(sessions["trade_date"], sessions["is_open"], strict=True)
        return sum(is_open and wanted.start <= day <= wanted.end for day, is_open in days), 0
    plan = planning.plan_for(dataset, window(dataset, order))
    return len(plan.requests), plan.rows_expected


def window(dataset: Dataset, order: Order) -> planning.Wanted:
    """The order with its dates filled in. Raises UsageError for a symbol that no list has."""
    symbols = known_symbols(order.symbols) if dataset.parts == Parts.CELLS else None
    by_symbol = not _may_ask_market(dataset, order)
    end = order.end or clock.today()
    return planning.Wanted(_start_of(dataset, order, symbols), end, symbols, order.refetch, order.ahead, by_symbol)


def _start_of(dataset: Dataset, order: Order, symbols: tuple[str, ...] | None) -> date:
    reports = dataset.rhythm == Rhythm.QUARTERS
    configured = settings.SYNC_FINANCE_HISTORY_START_DATE if reports else settings.SYNC_DAILY_HISTORY_START_DATE
    start = order.start or configured or _first_list_date(symbols)
    if dataset.history_days:
        start = max(start, clock.today() - timedelta(days=dataset.history_days))
    return start


def _may_ask_market(dataset: Dataset, order: Order) -> bool:
    """Whether the account has the points for a whole market in one call, and was not refused it lately."""
    if not dataset.market_api:
        return True
    account = accounts.account_at(order.provider or dataset.provider).name
    has_points = not settings.TUSHARE_POINTS or dataset.market_points <= settings.TUSHARE_POINTS
    return has_points and not denials.is_denied(account, dataset.market_api)


def check_order(order: Order) -> None:
    """Raises UsageError for days in the wrong order."""
    if order.start and order.end and order.start > order.end:
        raise UsageError(f"The start {order.start:%Y%m%d} is after the end {order.end:%Y%m%d}.")
    if order.start and order.start > clock.today():
        raise UsageError(f"The start {order.start:%Y%m%d} is in the future.")


def _first_list_date(symbols: tuple[str, ...] | None) -> date:
    listed = Security.objects.filter(inferred=False)
    if symbols is not None:
        listed = listed.filter(symbol__in=symbols)
    first = listed.aggregate(first=Min("list_date"))["first"]
    return first or FIRST_TRADING_DAY


def known_symbols(symbols: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The symbols themselves. Raises UsageError for one that no list has, where there is a list."""
    if symbols is None or not Security.objects.filter(inferred=False).exists():
        return symbols
    known = set(Security.objects.filter(symbol__in=symbols).values_list("symbol", flat=True))
    unknown = [symbol for symbol in symbols if symbol not in known]
    if unknown:
        raise UsageError(f"No list has the symbol {', '.join(unknown)}; symbols look like 600000.SH.")
    return symbols


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
            if time.monotonic() > deadline or session.stop.wait(DEPENDENCY_LOOK_SECONDS):
                raise


def _provider_of_dependency(needed: Dataset, order: Order) -> str | None:
    """Its own provider; where that is not configured, the order's; None where that has no such dataset."""
    if order.provider in ("", needed.provider) or not accounts.account_at(needed.provider).lacking:
        return needed.provider
    return order.provider if order.provider in needed.roads else None


def _is_there(dataset: Dataset, order: Order) -> bool:
    if dataset.parts == Parts.WHOLE:
        now = clock.now()
        fresh = Partition.objects.filter(dataset=dataset.name, trade_date=WHOLE, state=Partition.State.COMPLETE)
        return fresh.filter(ask_after__gt=now).exists()
    wanted = window(dataset, order)
    coverage.ensure(dataset, wanted.start, wanted.end)
    coverage.refresh(dataset)
    return not gaps.count_open(dataset, wanted.start, wanted.end, None)


def _optional(outcome: Outcome, order: Order) -> bool:
    """Work goes on without it: the account may not ask for it, or some days of it are missing, or what is stored of it
    must do for a provider that stands in for one that does not answer."""
    if outcome.denied or (outcome.exit_code == INCOMPLETE and outcome.rows > 0):
        return True
    needed = dataset_named(outcome.dataset)
    stands_in = order.provider not in ("", needed.provider)
    return stands_in and (needed.parts == Parts.EVENTS or needed.model._default_manager.exists())


def _sync_alone(dataset: Dataset, order: Order, session: Session) -> Outcome:
    began = time.monotonic()
    give_memory_back()
    wanted = window(dataset, order)
    if wanted.symbols:
        cells.assume_listed(wanted.symbols, wanted.start)
    provider = accounts.provider_named(order.provider or dataset.provider)
    try:
        reports = dataset.rhythm == Rhythm.QUARTERS
        batch = settings.SYNC_FINANCE_HISTORY_BATCH_SIZE if reports else settings.SYNC_DAILY_HISTORY_BATCH_SIZE
        task = tasks.start(
            order.job_type or dataset.job_type,
            dataset.name,
            order.as_config(),
            batch,
            resumes_paused=session.resumes_paused,
        )
        runner = Runner(dataset, task, provider, wanted, session.watch, session.stop)
        try:
            runner.run()
        except BaseException as error:
            tasks.finish(task, SyncTask.Status.FAILED, f"{type(error).__name__}: {error}")
            raise
        return _conclude(runner, wanted, provider.account, provider.calls, time.monotonic() - began)
    finally:
        provider.close()


def _conclude(runner: Runner, wanted: planning.Wanted, account: str, calls: int, seconds: float) -> Outcome:
    status, reason, code = _verdict(runner, wanted, account)
    tasks.finish(runner.task, status, reason)
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


def _verdict(runner: Runner, wanted: planning.Wanted, account: str) -> tuple[str, str, int]:
    dataset, end = runner.dataset, runner.end
    if end is not None and isinstance(end.error, NotPermitted):
        denials.note(account, dataset.api_name, str(end.error))
        return "FAILED", end.reason, PERMANENT
    if end is not None:
        return str(end.status), end.reason, PERMANENT if isinstance(end.error, Permanent) else INCOMPLETE
    denials.lift(account, dataset.api_name)
    still_open = gaps.count_open(dataset, wanted.start, wanted.end, wanted.symbols)
    if runner.totals.failures or still_open:
        reason = f"{still_open} parts are not complete and {runner.totals.failures} requests failed."
        return "FAILED", f"{reason} `gaps {dataset.name}` lists them.", INCOMPLETE
    return "COMPLETED", "", COMPLETE


def horizon_warning(end: date) -> str:
    """A sentence where the calendar ends before the days that are asked for; empty where it does not."""
    last = TradingDay.objects.order_by("-trade_date").values_list("trade_date", flat=True).first()
    if last is None or last >= min(end, clock.today()):
        return ""
    return f"The trading calendar ends on {last:%Y%m%d}: later days are not known."


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
        span = open_failures.aggregate(start=Min("start_date"), end=Max("end_date"))
        whole = dataset_named(name).parts == Parts.WHOLE
        order = Order() if whole else Order(span["start"], span["end"])
        outcome = sync(name, order, session)
        result.retried += before
        result.remaining += open_failures.count()
        result.exit_code = max(result.exit_code, outcome.exit_code)
        if outcome.reason:
            result.reasons.append(f"{name}: {outcome.reason}")
    result.resolved = result.retried - result.remaining
    return result


def resume(task_id: str, session: Session | None = None) -> Outcome:
    """Go on with a paused or failed task. Raises UsageError where there is nothing to resume."""
    task = tasks.get(task_id)
    if task.status not in (SyncTask.Status.PAUSED, SyncTask.Status.FAILED):
        raise UsageError(f"Task {task.id} is {task.status}; only a paused or failed one can be resumed.")
    return sync(task.dataset, replace(Order.from_config(task.config), job_type=task.job_type), session)
