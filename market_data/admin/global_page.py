"""The page of bars of any market: a symbol's, or everybody's of the last day."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from market_data.admin.tables import Table, page_context, rendered, require_view
from market_data.datasets import DATASETS
from market_data.models import GlobalBar

_COLUMNS = tuple(field.name for field in DATASETS["global_daily"].fields)
OF_A_SYMBOL = Table("symbol", "A symbol", GlobalBar, _COLUMNS, ("-trade_date",))
OF_A_DAY = Table("day", "The last day", GlobalBar, _COLUMNS, ("symbol",))


def global_page(request: HttpRequest) -> TemplateResponse:
    """Show the bars of the symbol that the address names, newest first, else those of the last day that has any."""
    require_view(request, GlobalBar)
    symbol = request.GET.get("symbol", "").strip().upper()
    table = OF_A_SYMBOL if symbol else OF_A_DAY
    context = {
        **page_context(
            request, gettext("Bars of %(symbol)s") % {"symbol": symbol} if symbol else gettext("Bars of any market")
        ),
        "symbol": symbol,
        "table": rendered(request, table, _rows(symbol)),
    }
    return TemplateResponse(request, "admin/market_data/global.html", context)


def _rows(symbol: str) -> "QuerySet[GlobalBar, Any]":
    bars = GlobalBar.objects.all()
    if symbol:
        return bars.filter(symbol=symbol)
    return bars.filter(trade_date__in=bars.order_by("-trade_date").values("trade_date")[:1])
