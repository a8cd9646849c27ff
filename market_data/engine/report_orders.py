"""Which reports to ask for in an increment: failed ones first, then announced ones, then those that are overdue."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from django.conf import settings
from django.db.models import F

from market_data.datasets import Dataset
from market_data.engine.ledger import clock, expectations
from market_data.engine.orders import Order
from market_data.models import CoverageCell, Disclosure, Security, SyncFailureRecord

JOB_TYPE = "FINANCE_INCREMENTAL"


def increment(dataset: Dataset) -> Iterator[Order]:
    """One order after the other; each is made up when the one before has been carried out."""
    yield from failed(dataset)
    yield from announced(dataset)
    yield from overdue(dataset)


def failed(dataset: Dataset) -> Iterator[Order]:
    """Reports that could not be brought and may be tried again."""
    open_ones = SyncFailureRecord.objects.filter(
        dataset=dataset.name, resolved_at=None, retry_count__lt=F("max_retries")
    )
    by_span: defaultdict[tuple[date, date], set[str]] = defaultdict(set)
    for record in open_ones:
        by_span[record.start_date, record.end_date].update(record.symbols)
    for (start, end), symbols in sorted(by_span.items()):
        listed = _listed(symbols)
        if listed or not symbols:
            yield _order(start, end, listed or None)


def announced(dataset: Dataset) -> Iterator[Order]:
    """Reports that companies have announced and that are not here, newest period first."""
    out = Disclosure.objects.filter(actual_date__lte=clock.today()).values_list("end_date", "symbol")
    by_quarter: defaultdict[date, set[str]] = defaultdict(set)
    for quarter, symbol in out:
        by_quarter[quarter].add(symbol)
    for quarter in sorted(by_quarter, reverse=True):
        symbols = _listed(by_quarter[quarter] - _stored(dataset, quarter))
        if symbols:
            yield _order(quarter, quarter, symbols)


def overdue(dataset: Dataset) -> Iterator[Order]:
    """Stocks without the latest report that had to be out, at most `SYNC_INCREMENTAL_MISSING_LIMIT` of them."""
    quarter = clock.last_due_day(dataset, clock.now())
    settled = CoverageCell.objects.filter(dataset=dataset.name, trade_date=quarter, absent=True)
    absent = set(settled.values_list("symbol", flat=True))
    missing = {symbol for symbol, _ in expectations.missing_cells(dataset, quarter, quarter)}
    symbols = sorted(missing - absent)[: settings.SYNC_INCREMENTAL_MISSING_LIMIT]
    if symbols:
        yield _order(quarter, quarter, tuple(symbols))


def _order(start: date, end: date, symbols: tuple[str, ...] | None) -> Order:
    return Order(start, end, symbols, ahead=True, job_type=JOB_TYPE)


def _stored(dataset: Dataset, quarter: date) -> set[str]:
    rows = dataset.model._default_manager.filter(**{dataset.date_column: quarter})
    return set(rows.values_list("symbol", flat=True))


def _listed(symbols: set[str]) -> tuple[str, ...]:
    """Those that the list of stocks has, ascending."""
    return tuple(Security.objects.filter(symbol__in=symbols).order_by("symbol").values_list("symbol", flat=True))
