"""The page of a year's trading days."""

from datetime import MAXYEAR, MINYEAR, date

from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from market_data.admin.tables import grid, page_context, require_view
from market_data.datasets import EXCHANGE
from market_data.engine.ledger import clock
from market_data.models import TradingDay

COLUMNS = ("trade_date", "is_open", "pretrade_date")


def calendar_page(request: HttpRequest) -> TemplateResponse:
    """Show the days of the year that the address names, else of this one, newest first."""
    require_view(request, TradingDay)
    year = _year(request.GET.get("year") or str(clock.today().year))
    days = TradingDay.objects.filter(exchange=EXCHANGE, trade_date__range=(date(year, 1, 1), date(year, 12, 31)))
    context = {
        **page_context(request, gettext("Trading calendar %(year)s") % {"year": year}),
        "year": year,
        "table": grid(TradingDay, COLUMNS, days.order_by("-trade_date")),
    }
    return TemplateResponse(request, "admin/market_data/calendar.html", context)


def _year(text: str) -> int:
    if not text.isdecimal() or not MINYEAR <= int(text[:5]) <= MAXYEAR:
        raise Http404(f"There is no year {text!r}.")
    return int(text)
