"""The page of a trading day: how complete each dataset is, who is not there, and the rows themselves."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from market_data.admin.shapes import state_words
from market_data.admin.tables import (
    chosen_table,
    page_context,
    rendered,
    require_view,
    sorted_as_asked,
    sorts,
    tables_by_day,
)
from market_data.admin.words import title_of
from market_data.datasets import DATASETS, EXCHANGE, Parts
from market_data.engine.ledger import clock, expectations
from market_data.models import CoverageCell, Partition, TradingDay

TABLES = tables_by_day(without="trade_date", newest_first=False)
SYMBOLS_SHOWN = 100


@dataclass(frozen=True)
class Unstored:
    """Expected symbols without a row: still missing, and confirmed absent. Few of many are named."""

    partition: Partition
    missing: list[str]
    absent: list[str]

    @property
    def title(self) -> str:
        return title_of(self.partition.dataset)

    @property
    def words(self) -> SafeString:
        return state_words(self.partition.state)

    @property
    def more_missing(self) -> int:
        return max(0, len(self.missing) - SYMBOLS_SHOWN)

    @property
    def more_absent(self) -> int:
        return max(0, len(self.absent) - SYMBOLS_SHOWN)


def day_page(request: HttpRequest, day: str) -> TemplateResponse:
    """Show one day. Raises Http404 for a day that does not exist."""
    require_view(request, Partition)
    table, tables = chosen_table(request, TABLES)
    trade_date = _parsed(day)
    symbol = request.GET.get("symbol", "").strip().upper()
    rows = table.model._default_manager.filter(trade_date=trade_date)
    if symbol and "symbol" in table.columns:
        rows = rows.filter(symbol__startswith=symbol)
    table, rows = sorted_as_asked(request, table, rows)
    context = {
        **page_context(request, trade_date.isoformat()),
        "opts": Partition._meta,
        "day": trade_date,
        **_calendar(trade_date),
        "states": _states(trade_date),
        "symbols_shown": f":{SYMBOLS_SHOWN}",
        "symbol": symbol,
        "tables": tables,
        "shown": table,
        "table": {**rendered(request, table, rows), "sorts": sorts(request, table)},
    }
    return TemplateResponse(request, "admin/market_data/day.html", context)


def latest_day(request: HttpRequest) -> HttpResponse:
    """Lead to the last trading day that is due, else to today."""
    require_view(request, Partition)
    day = clock.last_due_day(DATASETS["daily"], clock.now())
    known = TradingDay.objects.filter(exchange=EXCHANGE, is_open=True, trade_date__lte=day)
    last = known.order_by("-trade_date").values_list("trade_date", flat=True).first()
    return redirect("admin:market_data_day", (last or day).isoformat())


def _parsed(day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError as error:
        raise Http404(f"There is no day {day!r}.") from error


def _calendar(day: date) -> dict[str, Any]:
    """Whether the market was open, and the trading days around."""
    days = TradingDay.objects.filter(exchange=EXCHANGE)
    open_days = days.filter(is_open=True).values_list("trade_date", flat=True)
    return {
        "calendar": days.filter(trade_date=day).first(),
        "previous_day": open_days.filter(trade_date__lt=day).order_by("-trade_date").first(),
        "next_day": open_days.filter(trade_date__gt=day).order_by("trade_date").first(),
    }


def _states(day: date) -> list[Unstored]:
    names = [table.name for table in TABLES]
    partitions = Partition.objects.filter(dataset__in=names, trade_date=day)
    known = {partition.dataset: partition for partition in partitions}
    return [_unstored(known[name]) for name in names if name in known]


def _unstored(partition: Partition) -> Unstored:
    dataset = DATASETS[partition.dataset]
    if dataset.parts != Parts.CELLS or partition.state in (Partition.State.COMPLETE, Partition.State.NOT_DUE):
        return Unstored(partition, [], [])
    day = partition.trade_date
    lacking = sorted(symbol for symbol, _ in expectations.missing_cells(dataset, day, day))
    settled = CoverageCell.objects.filter(dataset=dataset.name, trade_date=day, absent=True)
    absent = set(settled.values_list("symbol", flat=True))
    return Unstored(
        partition, [s for s in lacking if s not in absent], [symbol for symbol in lacking if symbol in absent]
    )
