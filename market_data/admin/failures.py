"""What was given up, for a person to decide on."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from market_data.admin.display import pretty_json
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


@admin.register(SyncFailureRecord)
class SyncFailureRecordAdmin(ReadOnlyAdmin):
    list_display = ("third_code", "dataset", "days", "message", "retries", "last_attempt_at", "resolved_at")
    list_filter = (ResolvedFilter, DatasetFilter)
    search_fields = ("third_code",)
    search_help_text = _("A whole symbol, such as 600000.SH, or a day, such as 20240131.")
    ordering = (F("resolved_at").asc(nulls_first=True), "-last_attempt_at", "-id")
    actions = ("resolve", "allow_retry")
    readonly_fields = ("days", "what_was_refused")
    fields = (*(f.name for f in SyncFailureRecord._meta.fields if f.name not in SHOWN_OTHERWISE), *readonly_fields)

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
