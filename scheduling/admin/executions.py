"""Executions: the list, and the page of one with its story, its result and its log."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from scheduling import executions, running
from scheduling.admin.display import clock_time, duration, link, pretty_json, status_text
from scheduling.admin.lists import NobodyEdits, UncountedPaginator
from scheduling.admin.live_run import live_context, live_run
from scheduling.admin.orders import may_run, queued_message
from scheduling.admin.story import story
from scheduling.exceptions import SchedulingError
from scheduling.models import Execution, JobConfig

PLACE = "scheduling_execution_change"
LATEST = 200
CANCEL_PERMISSION = "scheduling.change_execution"


class JobFilter(admin.SimpleListFilter):
    """Offers the jobs that ran of late: there may be thousands."""

    title = _("job")
    parameter_name = "job_id"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> Iterable[tuple[str, str]]:
        latest = set(Execution.objects.order_by("-queued_at").values_list("job_id", flat=True)[:LATEST])
        return [(job_id, job_id) for job_id in sorted(latest | {request.GET.get(self.parameter_name, "")} - {""})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(job_id=self.value()) if self.value() else queryset


@admin.register(Execution)
class ExecutionAdmin(NobodyEdits, ModelAdmin):
    list_display = ("queued", "job_id", "status_shown", "took", "progress", "trigger", "message")
    list_filter = (JobFilter, "status", "queued_at")
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    search_fields = ("job_id",)
    search_help_text = _("A whole job id, or an execution's id.")
    ordering = ("-queued_at",)
    fieldsets = (
        (None, {"fields": ("job", "story", "progress", "error_message", "result_shown")}),
        (_("Log"), {"fields": ("log_lines",)}),
        (
            _("Details"),
            {
                "fields": (
                    *("id", "job_type", "trigger", "arguments", "scheduled_for", "start_by", "finish_by"),
                    *("queue", "pool", "priority", "retried_from", "retried_as", "celery_result"),
                )
            },
        ),
    )

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **kwargs: Any
    ) -> "Paginator[Any]":
        page = request.GET.get(PAGE_VAR, "1")
        return UncountedPaginator(queryset, per_page, int(page) if page.isdecimal() else 1)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By what has an index."""
        text = search_term.strip()
        try:
            return queryset.filter(id=UUID(text)) | queryset.filter(job_id=text), False
        except ValueError:
            return (queryset.filter(job_id=text) if text else queryset), False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<uuid:pk>/live/", view(self.live), name="scheduling_execution_live"),
            path("<uuid:pk>/cancel/", view(self.cancel), name="scheduling_execution_cancel"),
            path("<uuid:pk>/retry/", view(self.retry), name="scheduling_execution_retry"),
            *super().get_urls(),
        ]

    def live(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """The part of the run's page that moves."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return live_run(request, get_object_or_404(Execution, pk=pk))

    @method_decorator(require_POST)
    def cancel(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """End the run, at its next checkpoint where it runs already."""
        if not _may_cancel(request):
            raise PermissionDenied
        return self._told(
            request, pk, running.cancel, lambda execution: gettext("%(job)s: asked to end.") % {"job": execution.job_id}
        )

    @method_decorator(require_POST)
    def retry(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Queue a new run with the same arguments."""
        if not may_run(request):
            raise PermissionDenied
        return self._told(request, pk, running.retry, queued_message)

    def _told(
        self,
        request: HttpRequest,
        pk: UUID,
        order: Callable[[UUID], Execution],
        message: Callable[[Execution], str],
    ) -> HttpResponse:
        try:
            execution = order(pk)
        except SchedulingError as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(f"admin:{PLACE}", pk)
        self.log_change(request, execution, "Asked for by a person.")
        self.message_user(request, message(execution))
        return redirect(f"admin:{PLACE}", execution.pk)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        is_active = context["original"].status in executions.ACTIVE
        context |= {"may_cancel": is_active and _may_cancel(request), "may_retry": not is_active and may_run(request)}
        if is_active:
            context["live"] = live_context(context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("queued"))
    def queued(self, execution: Execution) -> str:
        return clock_time(execution.queued_at)

    @admin.display(description=_("status"))
    def status_shown(self, execution: Execution) -> str:
        return status_text(execution.status)

    @admin.display(description=_("duration"))
    def took(self, execution: Execution) -> str:
        return duration(execution.duration_ms)

    @admin.display(description=_("progress"))
    def progress(self, execution: Execution) -> str:
        if execution.progress_total is None:
            return "-"
        return gettext("%(done)s of %(total)s") % {
            "done": f"{execution.progress_done:,}",
            "total": f"{execution.progress_total:,}",
        }

    @admin.display(description=_("message"))
    def message(self, execution: Execution) -> str:
        return Truncator(execution.error_message).chars(200)

    @admin.display(description=_("job"))
    def job(self, execution: Execution) -> str:
        config = JobConfig.objects.filter(job_id=execution.job_id).first()
        return link(execution.job_id, "scheduling_jobconfig_change", config.pk) if config else execution.job_id

    @admin.display(description=_("story"))
    def story(self, execution: Execution) -> str:
        return story(execution)

    @admin.display(description=_("result"))
    def result_shown(self, execution: Execution) -> str:
        return "-" if execution.result is None else pretty_json(execution.result)

    @admin.display(description=_("arguments"))
    def arguments(self, execution: Execution) -> str:
        return pretty_json(execution.kwargs)

    @admin.display(description=_("lines"))
    def log_lines(self, execution: Execution) -> str:
        lines = [(clock_time(line.at), line.level, line.text) for line in execution.lines.all()]
        return format_html_join("", '<div class="r-log">{} {} {}</div>', lines) or "-"

    @admin.display(description=_("retry of"))
    def retried_from(self, execution: Execution) -> str:
        return link(execution.retry_of_id, PLACE, execution.retry_of_id) if execution.retry_of_id else "-"

    @admin.display(description=_("retried as"))
    def retried_as(self, execution: Execution) -> str:
        retries = [[link(retry.id, PLACE, retry.id)] for retry in execution.retries.all()]
        return format_html_join(", ", "{}", retries) or "-"

    @admin.display(description=_("Celery's own result"))
    def celery_result(self, execution: Execution) -> str:
        task_id = execution.celery_task_id
        if not task_id:
            return "-"
        return link(task_id, "django_celery_results_taskresult_changelist", query={"task_id": task_id})


def _may_cancel(request: HttpRequest) -> bool:
    return request.user.has_perm(CANCEL_PERMISSION)
