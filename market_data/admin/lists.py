"""Lists that nobody edits and nothing counts."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from market_data.datasets import DATASETS


class UncountedChangeList(ChangeList):
    """Knows whether there is a next page, and no more: counting reads the whole table."""

    def get_results(self, request: HttpRequest) -> None:
        if self.page_num < 1:
            raise IncorrectLookupParameters
        before = (self.page_num - 1) * self.list_per_page
        rows = list(self.queryset[before : before + self.list_per_page + 1])
        if before and not rows:
            raise IncorrectLookupParameters
        self.result_list = rows[: self.list_per_page]
        self.result_count = self.full_result_count = before + len(rows)
        self.show_full_result_count = False
        self.show_admin_actions = bool(rows)
        self.can_show_all = False
        self.multi_page = self.result_count > self.list_per_page
        self.paginator = Paginator(range(self.result_count), self.list_per_page)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """The list's own order, whatever the address asks for: any other may have no index."""
        return list(self.model_admin.get_ordering(request))


class ReadOnlyAdmin(ModelAdmin):
    """Rows to look at. `ordering` must be total, and served by an index where the table grows."""

    list_per_page = 100
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return UncountedChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether the user may run the actions: Django's change permission, though no field can be edited."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def find(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        """The rows that a search is for, by an index."""
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        return (self.find(queryset, text) if text else queryset), False


class ColumnFilter(admin.SimpleListFilter):
    """By a column's value, from choices that are known: asking the table for them reads all of it."""

    offered: Iterable[tuple[str, str]]

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> Iterable[tuple[str, str]]:
        return self.offered

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class DatasetFilter(ColumnFilter):
    title = _("dataset")
    parameter_name = "dataset"
    offered = tuple((dataset.name, dataset.title) for dataset in DATASETS.values())
