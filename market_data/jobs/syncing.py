"""The jobs that bring daily data, as schedules and operators run them."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from market_data.datasets import Parts, dataset_named, dataset_with_ledger
from market_data.demo import demo_provider
from market_data.engine import sync
from market_data.engine.ledger import clock, expectations
from market_data.engine.orders import Order
from market_data.engine.pricing import price
from market_data.engine.running.runner import Runner
from market_data.exceptions import AlreadyRunning, MarketDataError, Permanent, TaskPaused, UsageError
from market_data.models import Partition
from scheduling.calendars import register_calendar
from scheduling.context import Context, Outcome, Status
from scheduling.registry import Day, JobKwargs, job

INCREMENTAL = "DAILY_INCREMENTAL"
FIRST_SESSIONS = 10
BAR_DATASETS = ("suspend_d", "daily", "adj_factor", "daily_basic")


def _known_dataset(name: str) -> str:
    try:
        return dataset_with_ledger(name).name
    except UsageError as error:
        raise ValueError(str(error)) from error


DatasetName = Annotated[str, AfterValidator(_known_dataset)]


class Window(JobKwargs):
    """A span of days, and the datasets to sync in it."""

    datasets: list[DatasetName] = Field(list(BAR_DATASETS), min_length=1, description="Which datasets, in this order.")
    start: Day | None = Field(None, description="First day; empty: the configured start, else each stock's list date.")
    end: Day | None = Field(None, description="Last day; empty: today.")


class Datasets(JobKwargs):
    """Datasets to work on."""

    datasets: list[DatasetName] = Field(list(BAR_DATASETS), min_length=1, description="Which datasets, in this order.")


class Today(Datasets):
    """What a trading day brings, and whose bars another provider may fill in."""

    fallback_symbols: list[str] = Field(
        [], description="Stocks whose bars AkShare is asked for where Tushare has none, such as 600000.SH."
    )


class Repair(Datasets):
    """What a repair may look at and spend."""

    start: Day | None = Field(None, description="First day; empty: the whole history.")
    max_calls: int = Field(500, ge=1, description="Do nothing, and say so, where more calls would be needed.")


@job("sync_daily_history", title="Daily history", kwargs_model=Window, policies={"priority": 3})
def sync_daily_history(context: Context, datasets: list[str], start: date | None, end: date | None) -> Outcome:
    """Bring the whole daily history: suspensions, bars, factors and valuation, from the configured start or each
    stock's list date. What is stored is not asked for again, so it can be stopped and started at any time."""
    return sync_in_turn(context, [(name, Order(start, end)) for name in datasets])


@job("sync_daily_by_date", title="Daily bars of today", default_cron="0 18 * * *", kwargs_model=Today)
def sync_daily_by_date(context: Context, datasets: list[str], fallback_symbols: list[str]) -> Outcome:
    """Bring the latest trading day, and whatever is missing between the last complete day and today. Bars that come
    from AkShare instead are a part of the result of their own, and each of them says so."""
    return sync_in_turn(context, _increments(datasets, tuple(fallback_symbols)))


def _increments(datasets: list[str], fallback_symbols: tuple[str, ...]) -> Iterator[tuple[str, Order]]:
    for name in datasets:
        yield name, _increment(name)
    if fallback_symbols:
        yield "daily", replace(_increment("daily"), symbols=fallback_symbols, provider="akshare")


@job("sync_stock_basic", title="Stock list and calendar", default_cron="0 19 * * *")
def sync_stock_basic(context: Context) -> Outcome:
    """Bring the list of stocks, listed and delisted, and keep the trading calendar and the suspensions fresh."""
    lists = [("trade_cal", Order()), ("stock_basic", Order(refetch=True))]
    return sync_in_turn(context, [*lists, ("suspend_d", _increment("suspend_d"))])


@job("repair_gaps", title="Repair gaps", default_cron="30 20 * * *", kwargs_model=Repair)
def repair_gaps(context: Context, datasets: list[str], start: date | None, max_calls: int) -> Outcome:
    """Look for holes in the whole stored history and fill them. The price is told first; more calls than allowed are
    not made."""
    orders = []
    for name in filter(_has_data, datasets):
        order = Order(start or _first_day(name))
        cost = price(name, order)
        context.log(f"{name}: {cost['calls']} calls, about {cost['seconds_expected']:.0f} s")
        max_calls -= cost["calls"]
        if max_calls < 0:
            raise MarketDataError(f"Repairing {name} takes more calls than max_calls allows; run sync {name}.")
        orders.append((name, order))
    return sync_in_turn(context, orders)


@job("retry_failures", title="Retry failures", kwargs_model=Datasets)
def retry_failures(context: Context, datasets: list[str]) -> Outcome:
    """Ask again for every failure that is not resolved, those that wait for a person included."""
    with demo_provider(context.log):
        retried = sync.retry_failures(datasets, session_of(context))
    result = {"retried": retried.retried, "resolved": retried.resolved, "remaining": retried.remaining}
    context.checkpoint()
    if retried.exit_code == sync.PERMANENT:
        raise MarketDataError(" ".join(retried.reasons))
    return Outcome(Status.PARTIAL if retried.exit_code else Status.SUCCESS, result, " ".join(retried.reasons))


def sync_in_turn(
    context: Context, orders: Iterable[tuple[str, Order]], *, may_be_denied: Collection[str] = ()
) -> Outcome:
    """Sync one dataset after the other; one that fails does not stop the others.

    That the account may not ask for a dataset is no failure of those that `may_be_denied`.
    """
    outcomes: list[sync.Outcome] = []
    reasons: list[str] = []
    session, refused = session_of(context), False
    with demo_provider(context.log):
        for name, order in orders:
            try:
                outcome = sync.sync(name, order, session)
            except (AlreadyRunning, TaskPaused, Permanent) as error:
                reasons.append(str(error))
                refused = refused or isinstance(error, Permanent)
                context.log(str(error), "WARNING")
                context.checkpoint()
                continue
            if not (outcome.denied and name in may_be_denied):
                outcomes.append(outcome)
            done = f"{outcome.status}, {outcome.calls} calls, {outcome.rows} rows."
            context.log(f"{name}: {done} {outcome.reason}".strip())
            context.checkpoint()
    if refused and not outcomes:
        raise MarketDataError(" ".join(dict.fromkeys(reasons)))
    return _as_outcome(outcomes, reasons)


def _as_outcome(outcomes: list[sync.Outcome], reasons: list[str]) -> Outcome:
    result = {"datasets": [outcome.as_json() for outcome in outcomes]}
    reasons = [*reasons, *(f"{o.dataset}: {o.reason}" for o in outcomes if o.reason)]
    if reasons and not outcomes:
        return Outcome(Status.SKIPPED, result, " ".join(reasons))
    worst = max((outcome.exit_code for outcome in outcomes), default=sync.COMPLETE)
    if outcomes and all(outcome.exit_code == sync.PERMANENT for outcome in outcomes):
        raise MarketDataError(" ".join(reasons))
    return Outcome(Status.PARTIAL if worst or reasons else Status.SUCCESS, result, " ".join(reasons))


def session_of(context: Context, *, resumes_paused: bool = False) -> sync.Session:
    """A session that reports to the execution and stops when it is cancelled."""

    def watch(runner: Runner) -> None:
        context.progress(runner.totals.done, runner.totals.planned)
        if context.cancelled:
            session.stop.set()

    session = sync.Session(watch, resumes_paused=resumes_paused, is_cancelled=lambda: context.cancelled)
    return session


def _increment(name: str) -> Order:
    return Order(after_last_complete(name), job_type=INCREMENTAL)


def after_last_complete(name: str) -> date:
    """The day after which something may be missing: the last complete one, or some sessions ago."""
    complete = Partition.objects.filter(dataset=name, state__in=[Partition.State.COMPLETE, Partition.State.ABSENT])
    last = complete.order_by("-trade_date").values_list("trade_date", flat=True).first()
    today = clock.today()
    recent = expectations.open_days(today - timedelta(days=60), today)[-FIRST_SESSIONS:]
    fallback = recent[0] if recent else today - timedelta(days=FIRST_SESSIONS)
    return last if last is not None and last > date(1990, 1, 1) else fallback


def _has_data(name: str) -> bool:
    return dataset_named(name).parts != Parts.WHOLE and _first_day(name) is not None


def _first_day(name: str) -> date | None:
    days = Partition.objects.filter(dataset=name, got__gt=0, trade_date__gt=date(1990, 1, 1))
    return days.order_by("trade_date").values_list("trade_date", flat=True).first()


def _is_open(day: date) -> bool:
    """Days that the calendar does not know count as open."""
    around = expectations.open_days(day - timedelta(days=15), day + timedelta(days=15))
    return day in around or not any(known > day for known in around)


register_calendar("SSE", _is_open)
