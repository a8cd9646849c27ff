"""Concepts and their members."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from market_data.admin.lists import ColumnFilter, ReadOnlyAdmin
from market_data.models import ConceptBoard, ConceptMember


class SourceFilter(ColumnFilter):
    title = _("source")
    parameter_name = "source"
    offered = (("ths", "Tonghuashun"), ("dc", "Eastmoney, by Tushare"), ("em", "Eastmoney, by AkShare"))


@admin.register(ConceptBoard)
class ConceptBoardAdmin(ReadOnlyAdmin):
    list_display = ("code", "name", "source", "from_date", "to_date")
    list_filter = (SourceFilter,)
    search_fields = ("code",)
    search_help_text = _("A code, such as 885001.TI or BK0655, or a name.")
    ordering = ("source", "code", "id")

    def find(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(code=text.upper()) | rows.filter(name=text)


@admin.register(ConceptMember)
class ConceptMemberAdmin(ReadOnlyAdmin):
    list_display = ("symbol", "name", "source", "board", "from_date", "to_date")
    list_filter = (SourceFilter,)
    search_fields = ("symbol",)
    search_help_text = _("A symbol, such as 600000.SH.")
    ordering = ("symbol", "source", "id")

    def find(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(symbol=text.upper())
