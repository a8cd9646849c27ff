"""The ledger: coverage by day, what is to be counted again, revisions, and where the data comes from."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from market_data.admin.calendar_page import calendar_page
from market_data.admin.day_page import day_page
from market_data.admin.display import link, pretty_json
from market_data.admin.global_page import global_page
from market_data.admin.lists import DatasetFilter, ReadOnlyAdmin
from market_data.datasets import DATASETS
from market_data.models import WHOLE, CoverageMark, Origin, Partition, Revision


class OneDatasetFilter(DatasetFilter):
    """Always one dataset: within it the days can be read in order from an index."""

    def value(self) -> str:
        return super().value() or "daily"

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        every = super().choices(changelist)
        next(every)
        return every


@admin.register(Partition)
class PartitionAdmin(ReadOnlyAdmin):
    list_display = ("day", "dataset", "state", "expected", "got", "absent", "answers", "asked_at", "ask_after", "page")
    list_filter = (OneDatasetFilter, "state")
    date_hierarchy = "trade_date"
    search_fields = ("trade_date",)
    search_help_text = _("A day, such as 20240131.")
    ordering = ("-trade_date",)

    def find(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        try:
            return rows.filter(trade_date=date.fromisoformat(text))
        except ValueError:
            return rows.none()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("day/<str:day>/", view(day_page), name="market_data_day"),
            path("global/", view(global_page), name="market_data_global"),
            path("calendar/", view(calendar_page), name="market_data_calendar"),
            *super().get_urls(),
        ]

    @admin.display(description=_("trade date"))
    def day(self, partition: Partition) -> str:
        return gettext("whole") if partition.trade_date == WHOLE else partition.trade_date.isoformat()

    @admin.display(description=_("data"), empty_value="")
    def page(self, partition: Partition) -> str | None:
        if partition.trade_date == WHOLE:
            return None
        return link(gettext("by symbol"), "market_data_day", partition.trade_date.isoformat())


@admin.register(CoverageMark)
class CoverageMarkAdmin(ReadOnlyAdmin):
    list_display = ("id", "dataset", "start_date", "end_date", "unlisted")
    list_filter = (DatasetFilter,)
    ordering = ("-id",)


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin):
    list_display = ("revised_at", "dataset", "symbol", "trade_date", "before")
    list_filter = (DatasetFilter,)
    search_fields = ("symbol",)
    search_help_text = _("A whole symbol, such as 600000.SH.")
    ordering = ("-id",)
    fields = ("dataset", "symbol", "trade_date", "revised_at", "values_before")
    readonly_fields = ("values_before",)

    def find(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        # The dataset comes first in the index.
        return rows.filter(dataset__in=DATASETS, symbol=text.upper())

    @admin.display(description=_("before"))
    def values_before(self, revision: Revision) -> str:
        return pretty_json(revision.before)


@admin.register(Origin)
class OriginAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "made_up")
    ordering = ("id",)
