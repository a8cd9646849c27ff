"""Sync tasks with their progress, and the requests they consist of."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from market_data.admin.display import link, pretty_json
from market_data.admin.lists import DatasetFilter, ReadOnlyAdmin
from market_data.engine.running import tasks
from market_data.exceptions import UsageError
from market_data.models import CallTally, SyncRequest, SyncTask

State = SyncRequest.State
TASKS_OFFERED = 20


@admin.register(SyncTask)
class SyncTaskAdmin(ReadOnlyAdmin):
    list_display = ("dataset", "job_type", "status", "progress", "rows", "started_at", "updated_at", "requests", "id")
    list_filter = (DatasetFilter, "status")
    list_per_page = 50
    search_fields = ("id",)
    search_help_text = _("A task's id.")
    ordering = ("-started_at", "-id")
    actions = ("pause", "cancel")
    readonly_fields = ("progress", "requests", "what_was_asked_for")
    fields = (*(field.name for field in SyncTask._meta.fields if field.name != "config"), *readonly_fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncTask]:
        # Counting the unfinished ones only: nearly all tasks are finished, and the index leads to the rest.
        unfinished = SyncRequest.objects.filter(
            task=OuterRef("pk"), state__in=[State.PENDING, State.RUNNING, State.CANCELLED]
        )
        counted = unfinished.order_by().values("task").annotate(n=Count("pk")).values("n")
        found: QuerySet[SyncTask] = super().get_queryset(request)
        return found.annotate(unfinished=Coalesce(Subquery(counted), 0))

    def find(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        try:
            return rows.filter(id=UUID(text))
        except ValueError:
            return rows.none()

    @admin.display(description=_("requests done / planned"))
    def progress(self, task: Any) -> str:
        return f"{task.current_offset:,} / {task.current_offset + task.unfinished:,}"

    @admin.display(description=_("rows"))
    def rows(self, task: SyncTask) -> str:
        return f"{task.total_processed:,}"

    @admin.display(description=_("requests"))
    def requests(self, task: SyncTask) -> str:
        return link(gettext("requests"), "market_data_syncrequest_changelist", task=task.id)

    @admin.display(description=_("config"))
    def what_was_asked_for(self, task: SyncTask) -> str:
        return pretty_json(task.config)

    @admin.action(description=_("Pause after the requests in flight"), permissions=["operate"])
    def pause(self, request: HttpRequest, queryset: QuerySet[SyncTask]) -> None:
        self._tell(request, queryset, tasks.pause, gettext("Asked to pause."))

    @admin.action(description=_("Cancel after the requests in flight, dropping the plan"), permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[SyncTask]) -> None:
        self._tell(request, queryset, tasks.cancel, gettext("Asked to cancel."))

    def _tell(
        self, request: HttpRequest, chosen: QuerySet[SyncTask], order: Callable[[str], SyncTask], done: str
    ) -> None:
        for task in chosen:
            try:
                order(str(task.id))
            except UsageError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.log_change(request, task, done)
                self.message_user(request, f"{task.dataset} {task.id}: {done}")


class TaskFilter(admin.SimpleListFilter):
    """The latest tasks; any other is reached from its own row."""

    title = _("task")
    parameter_name = "task"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> Iterable[tuple[str, str]]:
        latest = SyncTask.objects.order_by("-started_at", "-id")[:TASKS_OFFERED]
        return [(str(task.id), f"{task.dataset} {task.id}") for task in latest]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        try:
            return queryset.filter(task=UUID(self.value()))
        except ValueError as error:
            raise IncorrectLookupParameters from error


@admin.register(SyncRequest)
class SyncRequestAdmin(ReadOnlyAdmin):
    list_display = ("id", "task", "shape", "start_date", "end_date", "state", "expected_rows", "rows", "attempts")
    list_select_related = ("task",)
    list_display_links = ("id",)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The state within a task: over all tasks it has no index."""
        return [TaskFilter, "state"] if request.GET.get("task") else [TaskFilter]

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Within a task as the index has it: running, pending and failed ones before those that are done."""
        return ["-task", "-state", "-id"] if request.GET.get("task") else ["-id"]


@admin.register(CallTally)
class CallTallyAdmin(ReadOnlyAdmin):
    list_display = ("provider", "interface", "outcome", "count")
    ordering = ("-id",)
