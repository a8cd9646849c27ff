"""Stocks, each with a page of what is stored of it, and codes that moved."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from market_data.admin.display import link
from market_data.admin.lists import ColumnFilter, ReadOnlyAdmin
from market_data.models import MovedCode, Security


class ExchangeFilter(ColumnFilter):
    title = _("exchange")
    parameter_name = "exchange"
    offered = (("SSE", "Shanghai"), ("SZSE", "Shenzhen"), ("BSE", "Beijing"))


class ListStatusFilter(ColumnFilter):
    title = _("status")
    parameter_name = "list_status"
    offered = (("L", "Listed"), ("D", "Delisted"), ("P", "Paused"))


@admin.register(Security)
class SecurityAdmin(ReadOnlyAdmin):
    list_display = ("symbol", "name", "market", "industry", "list_status", "list_date", "delist_date", "data")
    list_filter = (ExchangeFilter, ListStatusFilter, "inferred")
    search_fields = ("symbol",)
    search_help_text = _("The beginning of a symbol, such as 600000 or 600000.SH.")
    ordering = ("symbol",)
    readonly_fields = ("data",)
    fields = (*readonly_fields, *(field.name for field in Security._meta.fields))

    def find(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(symbol__startswith=text.upper())

    @admin.display(description=_("data"))
    def data(self, security: Security) -> str:
        return link(gettext("by day"), "market_data_stock", security.symbol)


@admin.register(MovedCode)
class MovedCodeAdmin(ReadOnlyAdmin):
    list_display = ("old_symbol", "new_symbol", "name", "list_date")
    search_fields = ("old_symbol",)
    search_help_text = _("The old code or the new one, such as 838163.BJ or 920163.BJ.")
    ordering = ("old_symbol",)

    def find(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(Q(old_symbol=text.upper()) | Q(new_symbol=text.upper()))
