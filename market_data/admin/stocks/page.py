"""The page of a stock: what is stored of it for each day, what was not there, what was revised."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from market_data.admin.stocks import chart
from market_data.admin.stocks.reports import reports
from market_data.admin.tables import (
    Table,
    chosen_table,
    may_view,
    page_context,
    rendered,
    require_view,
    tables_by_day,
)
from market_data.datasets import DATASETS
from market_data.engine.ledger import clock
from market_data.models import (
    ConceptBoard,
    ConceptMember,
    CoverageCell,
    DailyBar,
    IncomeStatement,
    IndexBar,
    NameChange,
    Revision,
    Security,
)
from market_data.queries import Adjust, codes_of, stocks
from market_data.queries.concepts import concepts_of

YEARS_DRAWN = 2
CONCEPTS_SHOWN = 60
ADJUSTMENTS = [("none", _("unadjusted")), ("qfq", _("forward adjusted")), ("hfq", _("backward adjusted"))]
SPANS = ((_("6 months"), 183), (_("2 years"), 731), (_("10 years"), 3653))
_CELL_COLUMNS = ("trade_date", "dataset", "absent", "answers", "rechecks", "first_asked_at", "asked_at", "ask_after")
CELLS = Table("cells", gettext_noop("Days not there"), CoverageCell, _CELL_COLUMNS, ("-trade_date", "-dataset"))
REVISIONS = Table(
    "revisions", gettext_noop("Revisions"), Revision, ("revised_at", "dataset", "trade_date", "before"), ("-id",)
)
_NAME_COLUMNS = ("start_date", "end_date", "name", "change_reason", "ann_date")
NAMES = Table("namechange", gettext_noop("Names"), NameChange, _NAME_COLUMNS, ("-start_date", "-content"))
INDEX = Table(
    "index_daily", gettext_noop("As an index"), IndexBar, DATASETS["index_daily"].columns[1:], ("-trade_date",)
)
TABLES = [*tables_by_day(without="symbol", newest_first=True), NAMES, INDEX, CELLS, REVISIONS]


class SpanForm(forms.Form):
    """The days to show and how prices are adjusted; empty days: the chart shows two years, the table everything."""

    start = forms.DateField(required=False, label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    end = forms.DateField(required=False, label=_("to"), widget=forms.DateInput(attrs={"type": "date"}))
    adjust = forms.ChoiceField(required=False, label=_("Prices"), choices=ADJUSTMENTS)

    @property
    def days(self) -> dict[str, Any]:
        return self.cleaned_data if self.is_valid() else {}

    @property
    def adjustment(self) -> Adjust:
        chosen: Adjust = self.days.get("adjust") or "none"
        return chosen


def stock_page(request: HttpRequest, symbol: str) -> TemplateResponse:
    """Show one stock: its chart, its reports, and the stored rows, newest days first."""
    require_view(request, Security)
    symbol = symbol.upper()
    table, tables = chosen_table(request, TABLES)
    form = SpanForm(request.GET)
    security = Security.objects.filter(symbol=symbol).first()
    context = {
        **page_context(request, f"{symbol} {security.name}" if security else symbol),
        "symbol": symbol,
        "security": security,
        "form": form,
        "tables": tables,
        "shown": table,
        "table": rendered(request, table, _rows(table, symbol, form)),
    }
    if may_view(request, DailyBar):
        context |= _drawn(symbol, form, security)
    if may_view(request, IncomeStatement):
        context["reports"] = reports(symbol)
    if may_view(request, ConceptMember):
        context["concepts"] = _concepts(symbol)
    return TemplateResponse(request, "admin/market_data/stock.html", context)


def _drawn(symbol: str, form: SpanForm, security: Security | None) -> dict[str, Any]:
    end = form.days.get("end") or clock.today()
    start = form.days.get("start") or end - timedelta(days=YEARS_DRAWN * 366)
    found, marked = chart.drawn(symbol, start, end, form.adjustment, security.list_date if security else None)
    return {
        "chart": chart.as_scripts(found, marked) if found else "",
        "marks": marked,
        "adjustment": form.adjustment,
        "is_suspended": stocks.is_suspended_now(marked.suspended),
        "names": [name for name in stocks.names_of(symbol) if not security or name != security.name],
        "codes": [code for code in codes_of(symbol) if code != symbol],
        "stretches": stocks.stretches(symbol),
        "spans": [(words, (end - timedelta(days=days)).isoformat()) for words, days in SPANS],
    }


def _concepts(symbol: str) -> list[str]:
    """The names of the concepts that the stock is in now."""
    membership = concepts_of(symbol).filter(source=OuterRef("source"), board=OuterRef("code"))
    boards = ConceptBoard.objects.filter(Exists(membership.order_by()), to_date=None).exclude(name="")
    return sorted(set(boards.values_list("name", flat=True)[:CONCEPTS_SHOWN]))


def stock_search(request: HttpRequest) -> HttpResponse:
    """Find stocks by code, name or pinyin; the only one that fits is opened at once."""
    require_view(request, Security)
    text = request.GET.get("q", "")
    found = list(stocks.search(text))
    if len(found) == 1:
        return redirect("admin:market_data_stock", found[0].symbol)
    context = {**page_context(request, gettext("Stocks")), "text": text, "found": found}
    return TemplateResponse(request, "admin/market_data/stocks.html", context)


def _rows(table: Table, symbol: str, form: SpanForm) -> QuerySet[Any]:
    rows = table.model._default_manager.filter(symbol=symbol)
    if table in (CELLS, REVISIONS):
        # The dataset comes first in their indexes.
        rows = rows.filter(dataset__in=DATASETS)
    day = "start_date" if table is NAMES else "trade_date"
    span = form.days
    rows = rows.filter(**{f"{day}__gte": span["start"]}) if span.get("start") else rows
    return rows.filter(**{f"{day}__lte": span["end"]}) if span.get("end") else rows
