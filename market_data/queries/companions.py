"""What bars are read with: who could be traded, which days there are, valuations, how fresh everything is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Max, Q

from market_data.datasets import DATASETS, EXCHANGE, Dataset
from market_data.frames import pa, pc
from market_data.models import WHOLE, Partition, Suspension, TradingDay
from market_data.queries.bars import bars_table
from market_data.queries.moved import all_codes, current_symbols, one_series
from market_data.queries.stored import stored_table
from market_data.queries.wanted import Wanted


def universe(day: date) -> pa.Table:
    """Who could be traded on a day: `symbol`, `name`, `list_date`, `delist_date` of stocks that were listed, those
    that are gone today included, and were not suspended for the whole day; ascending by symbol."""
    names = ("symbol", "name", "list_date", "delist_date")
    listed = stored_table(Wanted(DATASETS["stock_basic"]), names)
    is_listed = pc.and_(
        pc.less_equal(listed["list_date"], day),
        pc.fill_null(pc.greater(listed["delist_date"], day), True),
    )
    halted = Suspension.objects.filter(trade_date=day, suspend_type="S", suspend_timing="")
    suspended = pa.array(list(halted.values_list("symbol", flat=True)), pa.string())
    return listed.filter(pc.and_(pc.fill_null(is_listed, False), pc.invert(pc.is_in(listed["symbol"], suspended))))


def trading_days(start: date | None = None, end: date | None = None) -> list[date]:
    """The days on which the mainland's exchanges are open, ascending, as far as the calendar is stored."""
    days = TradingDay.objects.filter(exchange=EXCHANGE, is_open=True)
    days = days.filter(trade_date__gte=start) if start else days
    days = days.filter(trade_date__lte=end) if end else days
    return list(days.order_by("trade_date").values_list("trade_date", flat=True))


def bars_with_basics(
    symbols: Sequence[str] | None = None, start: date | None = None, end: date | None = None
) -> pa.Table:
    """Unadjusted daily bars joined with the valuation of the same day, whose `close` is left out; null where there is
    none."""
    days = bars_table(symbols, start, end)
    codes = None if symbols is None else all_codes(current_symbols(symbols))
    basics = one_series(stored_table(Wanted(DATASETS["daily_basic"], start, end, codes)))
    joined = days.join(basics.drop_columns(["close"]), ["symbol", "trade_date"], join_type="left outer")
    return one_series(joined.combine_chunks())


def freshness() -> dict[str, dict[str, date | datetime | None]]:
    """By dataset: the last day that is complete (`complete_until`; None for lists and where there is none), and when
    it was last answered (`answered_at`)."""
    done = Q(state__in=[Partition.State.COMPLETE, Partition.State.ABSENT]) & ~Q(trade_date=WHOLE)
    found = Partition.objects.values("dataset").annotate(
        complete_until=Max("trade_date", filter=done), answered_at=Max("answered_at")
    )
    known = {name: (day, moment) for name, day, moment in found.values_list("dataset", "complete_until", "answered_at")}
    moments = {name: known.get(name, (None, None)) for name in DATASETS}
    return {name: {"complete_until": day, "answered_at": moment} for name, (day, moment) in moments.items()}


def last_stored_day(dataset: Dataset) -> date | None:
    """The last day of which any row is stored; None for lists."""
    if dataset.date_column not in dataset.columns:
        return None
    last: date | None = dataset.model._default_manager.aggregate(last=Max(dataset.date_column))["last"]
    return last
