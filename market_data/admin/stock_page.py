"""The page of a stock: what is stored of it for each day, what was not there, what was revised."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from market_data.admin.tables import Table, chosen_table, page_context, rendered, require_view, tables_by_day
from market_data.datasets import DATASETS
from market_data.models import CoverageCell, IndexBar, NameChange, Revision, Security

_CELL_COLUMNS = ("trade_date", "dataset", "absent", "answers", "rechecks", "first_asked_at", "asked_at", "ask_after")
CELLS = Table("cells", "Days not there", CoverageCell, _CELL_COLUMNS, ("-trade_date", "-dataset"))
REVISIONS = Table("revisions", "Revisions", Revision, ("revised_at", "dataset", "trade_date", "before"), ("-id",))
_NAME_COLUMNS = ("start_date", "end_date", "name", "change_reason", "ann_date")
NAMES = Table("namechange", "Names", NameChange, _NAME_COLUMNS, ("-start_date", "-content"))
INDEX = Table("index_daily", "As an index", IndexBar, DATASETS["index_daily"].columns[1:], ("-trade_date",))
TABLES = [*tables_by_day(without="symbol", newest_first=True), NAMES, INDEX, CELLS, REVISIONS]


class SpanForm(forms.Form):
    """The days to show; empty means without end."""

    start = forms.DateField(required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    end = forms.DateField(required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))


def stock_page(request: HttpRequest, symbol: str) -> TemplateResponse:
    """Show one stock, newest days first."""
    require_view(request, Security)
    table, tables = chosen_table(request, TABLES)
    form = SpanForm(request.GET)
    context = {
        **page_context(request, symbol),
        "opts": Security._meta,
        "security": Security.objects.filter(symbol=symbol).first(),
        "form": form,
        "tables": tables,
        "shown": table,
        "table": rendered(request, table, _rows(table, symbol, form)),
    }
    return TemplateResponse(request, "admin/market_data/stock.html", context)


def _rows(table: Table, symbol: str, form: SpanForm) -> QuerySet[Any]:
    rows = table.model._default_manager.filter(symbol=symbol)
    if table in (CELLS, REVISIONS):
        # The dataset comes first in their indexes.
        rows = rows.filter(dataset__in=DATASETS)
    day = "start_date" if table is NAMES else "trade_date"
    span = form.cleaned_data if form.is_valid() else {}
    rows = rows.filter(**{f"{day}__gte": span["start"]}) if span.get("start") else rows
    return rows.filter(**{f"{day}__lte": span["end"]}) if span.get("end") else rows
