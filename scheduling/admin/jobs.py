"""The list of jobs, and the page of one with the orders that one can give it."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, re_path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from scheduling import control, heartbeats, leases, registry
from scheduling.admin.job_displays import JobDisplays, StateFilter, history, with_last_runs
from scheduling.admin.job_form import JobForm, NewJobForm
from scheduling.admin.kwargs import kwargs_help
from scheduling.admin.orders import NoteActionForm, may_run, order_named, run_each, tell_each
from scheduling.admin.preview import preview
from scheduling.admin.run_page import run_page
from scheduling.admin.run_strip import JobList, chart
from scheduling.exceptions import SchedulingError
from scheduling.models import JobConfig

DONE = {
    "enable": gettext_noop("Enabled."),
    "disable": gettext_noop("Disabled."),
    "pause": gettext_noop("Paused."),
    "resume": gettext_noop("Resumed."),
}
PLACE = "scheduling_jobconfig_change"
NEW = (
    (None, {"fields": ("job_type", "job_id", "job_name")}),
    (_("Schedule"), {"fields": ("cron_expression", "interval", "timezone", "enabled")}),
    (_("Arguments"), {"fields": ("job_kwargs",)}),
)


def _folded(title: Any, *fields: str) -> tuple[Any, dict[str, Any]]:
    """Fields that are seldom changed, behind their title."""
    return title, {"classes": ("collapse",), "fields": fields}


PAGE = (
    (None, {"fields": ("job_id", "job_name", "runs_in_full", "last_run", "note", "created_at", "updated_at")}),
    (
        _("Schedule"),
        {
            "fields": (
                *("cron_expression", "interval", "timezone", "enabled"),
                *("next_five_runs", "schedule_warnings", "run_after", "calendar"),
            )
        },
    ),
    (_("Arguments"), {"fields": ("job_kwargs",)}),
    (
        _("Overlapping and missed runs"),
        {"classes": ("collapse",), "fields": ("overlap", "catch_up", "catch_up_window_seconds")},
    ),
    (
        _("Limits"),
        {
            "classes": ("collapse",),
            "fields": ("start_by_seconds", "finish_by_seconds", "soft_limit_seconds", "hard_limit_seconds"),
        },
    ),
    _folded(_("Place in the queue"), "priority", "pool"),
    (
        _("Failures"),
        {"classes": ("collapse",), "fields": ("max_retries", "backoff_seconds", "max_losses", "pause_after_failures")},
    ),
)


@admin.register(JobConfig)
class JobConfigAdmin(JobDisplays, ModelAdmin):
    list_display = (
        *("job_id", "name_shown", "is_enabled", "schedule_sentence"),
        *("next_run", "last_run", "last_runs", "note"),
    )
    list_per_page = 50
    list_filter = (StateFilter, "job_type")
    search_fields = ("job_id", "job_name")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    autocomplete_fields = ("run_after",)
    actions = ("run_now", "enable", "disable", "pause", "resume")
    action_form = NoteActionForm
    readonly_fields = (
        *("runs_in_full", "last_run", "note", "created_at", "updated_at"),
        *("schedule_sentence", "schedule_warnings", "next_five_runs"),
    )

    def has_run_permission(self, request: HttpRequest) -> bool:
        return may_run(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[JobConfig]:
        return with_last_runs(super().get_queryset(request))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return PAGE if obj else NEW

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("job_id", *self.readonly_fields) if obj else self.readonly_fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **{"form": JobForm if obj else NewJobForm, **kwargs})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return JobList

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        for sentence in heartbeats.clock_warnings():
            self.message_user(request, sentence, messages.WARNING)
        return super().changelist_view(request, {"beat_leads": leases.is_held(leases.LEADER)})

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except SchedulingError as error:
            # The form has checked all this; somebody else was at work since.
            self.message_user(request, str(error), messages.ERROR)
            return redirect(request.get_full_path())

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        if config := context["original"]:
            context["may_run"] = may_run(request)
            if request.user.has_perm("scheduling.view_execution"):
                context["history"] = history(config.job_id)
                context["chart"] = chart(config.job_id)
        else:
            context["kwargs_of_each"] = [(job, kwargs_help(job)) for job in registry.all_jobs()]
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: JobConfig, form: Any, change: bool) -> None:
        form.apply()

    def delete_model(self, request: HttpRequest, obj: JobConfig) -> None:
        control.delete(obj.job_id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[JobConfig]) -> None:
        for config in queryset:
            control.delete(config.job_id)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        orders = "|".join(DONE)
        return [
            path("preview/", view(preview), name="scheduling_jobconfig_preview"),
            path("<uuid:pk>/run/", view(self.run), name="scheduling_jobconfig_run"),
            re_path(f"^(?P<pk>[^/]+)/(?P<name>{orders})/$", view(self.tell), name="scheduling_jobconfig_tell"),
            *super().get_urls(),
        ]

    def run(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask for the arguments of a run and start it."""
        config = self._found(request, pk)
        if not may_run(request):
            raise PermissionDenied
        return run_page(self, request, config)

    @method_decorator(require_POST)
    def tell(self, request: HttpRequest, pk: str, name: str) -> HttpResponse:
        """Give the job one of the orders in DONE."""
        config = self._found(request, pk)
        if not self.has_change_permission(request, config):
            raise PermissionDenied
        self._tell(request, [config], name)
        return redirect(f"admin:{PLACE}", config.pk)

    def _found(self, request: HttpRequest, pk: UUID | str) -> JobConfig:
        config: JobConfig | None = self.get_object(request, str(pk))
        if config is None:
            raise Http404(f"There is no job {pk}.")
        if not self.has_view_permission(request, config):
            raise PermissionDenied
        return config

    def _tell(self, request: HttpRequest, configs: Any, name: str) -> None:
        try:
            order = order_named(name, request.POST)
        except SchedulingError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            tell_each(self, request, configs, order, gettext(DONE[name]))

    @admin.action(description=_("Run now"), permissions=["run"])
    def run_now(self, request: HttpRequest, queryset: QuerySet[JobConfig]) -> None:
        run_each(self, request, queryset)

    @admin.action(description=_("Enable"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[JobConfig]) -> None:
        self._tell(request, queryset, "enable")

    @admin.action(description=_("Disable"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[JobConfig]) -> None:
        self._tell(request, queryset, "disable")

    @admin.action(description=_("Pause, with the note"), permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[JobConfig]) -> None:
        self._tell(request, queryset, "pause")

    @admin.action(description=_("Resume"), permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[JobConfig]) -> None:
        self._tell(request, queryset, "resume")
