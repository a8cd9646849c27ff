"""What somebody wants synced, and what that means for a dataset: which days, which symbols, asked of whom."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Min

from market_data.datasets import Dataset, Parts, Rhythm, dataset_named
from market_data.datasets.reference import FIRST_TRADING_DAY
from market_data.engine import accounts
from market_data.engine.ledger import clock, denials, expectations
from market_data.engine.planner.planning import Wanted
from market_data.exceptions import UsageError
from market_data.models import Security


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


def dataset_of(name: str, order: Order) -> Dataset:
    """The dataset as the order's provider is asked for it. Raises UsageError where it cannot be asked like that."""
    provider = order.provider or dataset_named(name).provider
    accounts.account_at(provider)
    dataset = dataset_named(name).asked_of(provider)
    if dataset.parts == Parts.NAMED:
        raise UsageError(f"Nothing is expected of {name}: a watchlist names the symbols that are brought.")
    if dataset.parts == Parts.CELLS and not dataset.by_day and order.symbols is None and provider != dataset.provider:
        raise UsageError(f"{provider} gives {name} for named symbols only: add --symbols, such as 600000.SH.")
    return dataset


def window(dataset: Dataset, order: Order) -> Wanted:
    """The order with its dates filled in. Raises UsageError for a symbol that no list has."""
    symbols = known_symbols(order.symbols) if dataset.parts == Parts.CELLS else None
    by_symbol = not _may_ask_market(dataset, order)
    end = order.end or clock.today()
    account = accounts.account_at(order.provider or dataset.provider).name
    return Wanted(_start_of(dataset, order, symbols), end, symbols, order.refetch, order.ahead, by_symbol, account)


def _start_of(dataset: Dataset, order: Order, symbols: tuple[str, ...] | None) -> date:
    reports = dataset.rhythm == Rhythm.QUARTERS
    configured = settings.SYNC_FINANCE_HISTORY_START_DATE if reports else settings.SYNC_DAILY_HISTORY_START_DATE
    start = order.start or configured or _first_list_date(symbols)
    if dataset.history_days:
        start = max(start, _reaches_back_to(dataset.history_days))
    return start


def _reaches_back_to(days: int) -> date:
    """The first day that a provider still has: after a holiday the latest session, however long ago that was."""
    today = clock.today()
    return min(today - timedelta(days=days), expectations.latest_session(today))


def _may_ask_market(dataset: Dataset, order: Order) -> bool:
    """Whether the account has the points for a whole market in one call, and was not refused it lately."""
    if not (dataset.by_day and dataset.by_day.interface):
        return True
    account = accounts.account_at(order.provider or dataset.provider).name
    has_points = not settings.TUSHARE_POINTS or dataset.by_day.points <= settings.TUSHARE_POINTS
    return has_points and not denials.is_denied(account, dataset.by_day.interface)


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
