"""What was given up, for a person to decide on."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from market_data.admin.display import pretty_json
from market_data.admin.failure_groups import PERSON, SOURCE, TODAY, groups, of_stage
from market_data.admin.lists import DatasetFilter, ReadOnlyAdmin
from market_data.datasets import DATASETS
from market_data.engine.running import failures
from market_data.models import WHOLE, SyncFailureRecord

MESSAGE_SHOWN = 200
SHOWN_OTHERWISE = ("evidence", "start_date", "end_date")


class ResolvedFilter(admin.SimpleListFilter):
    title = _("resolved")
    parameter_name = "resolved"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> Iterable[tuple[str, str]]:
        return [("no", gettext("No")), ("yes", gettext("Yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(resolved_at__isnull=self.value() == "no") if self.value() else queryset


class StageFilter(admin.SimpleListFilter):
    title = _("what they wait for")
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> Iterable[tuple[str, str]]:
        return [
            (PERSON, gettext("Waits for you")),
            (SOURCE, gettext("Waits for the source")),
            (TODAY, gettext("Resolved today")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return of_stage(queryset, self.value() or "") if self.value() in (PERSON, SOURCE, TODAY) else queryset


@admin.register(SyncFailureRecord)
class SyncFailureRecordAdmin(ReadOnlyAdmin):
    list_display = ("third_code", "dataset", "days", "message", "retries", "last_attempt_at", "resolved_at")
    list_filter = (StageFilter, ResolvedFilter, DatasetFilter)
    search_fields = ("third_code",)
    search_help_text = _("A whole symbol, such as 600000.SH, or a day, such as 20240131.")
    ordering = (F("resolved_at").asc(nulls_first=True), "-last_attempt_at", "-id")
    actions = ("resolve", "allow_retry")
    readonly_fields = ("days", "what_was_refused")
    fields = (*(f.name for f in SyncFailureRecord._meta.fields if f.name not in SHOWN_OTHERWISE), *readonly_fields)

    def get_urls(self) -> list[URLPattern]:
        alike = self.admin_site.admin_view(require_POST(self.order_alike))
        return [path("alike/", alike, name="market_data_failures_alike"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        shown = groups() if not request.GET and self.has_view_permission(request) else None
        context = {"may_operate": self.has_operate_permission(request), "groups": shown}
        return super().changelist_view(request, {**(extra_context or {}), **context})

    def order_alike(self, request: HttpRequest) -> HttpResponse:
        """Resolve, or allow another try of, all failures of a dataset that wait for a person."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        waiting = SyncFailureRecord.objects.filter(dataset=request.POST.get("dataset", ""))
        order = self.resolve if request.POST.get("order") == "resolve" else self.allow_retry
        order(request, of_stage(waiting, PERSON))
        return redirect("admin:market_data_syncfailurerecord_changelist")

    def find(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        # The dataset comes first in the index of the open ones.
        return rows.filter(dataset__in=DATASETS, third_code=text.upper())

    @admin.display(description=_("days"))
    def days(self, record: SyncFailureRecord) -> str:
        """A list or a symbol as a whole has none."""
        if record.start_date == WHOLE:
            return "-"
        start, end = record.start_date.isoformat(), record.end_date.isoformat()
        return start if start == end else gettext("%(start)s to %(end)s") % {"start": start, "end": end}

    @admin.display(description=_("message"))
    def message(self, record: SyncFailureRecord) -> str:
        return Truncator(record.error_message).chars(MESSAGE_SHOWN)

    @admin.display(description=_("retries"))
    def retries(self, record: SyncFailureRecord) -> str:
        return gettext("%(done)s of %(total)s") % {"done": record.retry_count, "total": record.max_retries}

    @admin.display(description=_("evidence"))
    def what_was_refused(self, record: SyncFailureRecord) -> str:
        return "-" if record.evidence is None else pretty_json(record.evidence)

    @admin.action(description=_("Resolve: it needs no more attempts"), permissions=["operate"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[SyncFailureRecord]) -> None:
        self._tell(request, failures.close(queryset), gettext("Resolved."))

    @admin.action(description=_("Allow retry: forget the attempts so far"), permissions=["operate"])
    def allow_retry(self, request: HttpRequest, queryset: QuerySet[SyncFailureRecord]) -> None:
        records = list(queryset.filter(resolved_at=None))
        queryset.filter(resolved_at=None).update(retry_count=0)
        self._tell(request, records, gettext("Retry allowed."))

    def _tell(self, request: HttpRequest, records: list[SyncFailureRecord], done: str) -> None:
        for record in records:
            self.log_change(request, record, done)
        self.message_user(request, f"{done} " + gettext("%(n)s of the chosen were open.") % {"n": len(records)})
