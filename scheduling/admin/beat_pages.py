"""django-celery-beat's own pages, agreeing with ours: what belongs to a job stays the job's."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_celery_beat.admin import (
    ClockedScheduleAdmin,
    CrontabScheduleAdmin,
    IntervalScheduleAdmin,
    PeriodicTaskAdmin,
    PeriodicTaskForm,
    PeriodicTaskInline,
    SolarScheduleAdmin,
    TaskSelectWidget,
)
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from scheduling import control
from scheduling.admin.display import link
from scheduling.admin.orders import may_run, run_each
from scheduling.cron import FIELDS
from scheduling.exceptions import ConfigurationError
from scheduling.models import JobConfig

EDITABLE = ("enabled", "crontab", "interval", "description")


def job_of(task: PeriodicTask) -> JobConfig | None:
    return getattr(task, "job_config", None)


class TaskChoice(UnfoldAdminSelectWidget, TaskSelectWidget):
    """Beat's list of tasks in unfold's dress."""


class TaskForm(PeriodicTaskForm):
    """Leaves a job's task and its arguments alone, and its schedule row to itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["regtask"].widget = TaskChoice()
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        if job_of(self.instance):
            for name, field in self.fields.items():
                field.disabled = name not in EDITABLE

    def clean(self) -> Any:
        values = super().clean()
        for name in ("crontab", "interval"):
            row = values.get(name)
            if row and (refusal := _why_not_share(row, self.instance)):
                self.add_error(name, refusal)
        return values


def _why_not_share(row: CrontabSchedule | IntervalSchedule, task: PeriodicTask) -> str:
    others = row.periodictask_set.exclude(pk=task.pk)
    owner = JobConfig.objects.filter(periodic_task__in=others).first()
    if owner:
        return gettext("This schedule belongs to the job %(job)s; choose or add another one.") % {"job": owner.job_id}
    if job_of(task) and (other := others.first()):
        return gettext(
            "The task %(task)s has this schedule, and a job needs one of its own; choose or add another one."
        ) % {"task": other.name}
    return ""


class CrontabForm(forms.ModelForm):  # type: ignore[type-arg] # it takes no parameter at run time
    def clean(self) -> None:
        super().clean()
        if self.errors:
            return
        expression = " ".join(self.cleaned_data[name] for name in FIELDS)
        try:
            control.cron(expression, str(self.cleaned_data["timezone"]))
        except ConfigurationError as error:
            self.add_error(None, str(error))


admin.site.unregister([PeriodicTask, CrontabSchedule, ClockedSchedule, IntervalSchedule, SolarSchedule])


class TasksUsingIt(PeriodicTaskInline, TabularInline):
    pass


@admin.register(CrontabSchedule)
class CrontabAdmin(CrontabScheduleAdmin, ModelAdmin):
    form = CrontabForm
    inlines = (TasksUsingIt,)


@admin.register(IntervalSchedule)
class IntervalAdmin(IntervalScheduleAdmin, ModelAdmin):
    inlines = (TasksUsingIt,)


@admin.register(ClockedSchedule)
class ClockedAdmin(ClockedScheduleAdmin, ModelAdmin):
    inlines = (TasksUsingIt,)


@admin.register(SolarSchedule)
class SolarAdmin(SolarScheduleAdmin, ModelAdmin):
    inlines = (TasksUsingIt,)


@admin.register(PeriodicTask)
class TaskAdmin(PeriodicTaskAdmin, ModelAdmin):
    form = TaskForm
    # Jobs have a schedule row each: a choice of thousands, which theirs also describes one by one at every opening.
    raw_id_fields = ("crontab", "interval")
    change_form_template = None
    readonly_fields = (*PeriodicTaskAdmin.readonly_fields, "job")
    fieldsets = ((None, {"fields": ("job",)}), *PeriodicTaskAdmin.fieldsets)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request).select_related("job_config")
        return found

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return ModelAdmin.changeform_view(self, request, *args, **kwargs)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Their actions ask for no permission."""
        actions: dict[str, Any] = super().get_actions(request)
        refused = set() if self.has_change_permission(request) else {*PeriodicTaskAdmin.actions}
        if not may_run(request):
            refused.add("run_tasks")
        return {name: action for name, action in actions.items() if name not in refused}

    @admin.action(description=_("Run selected tasks"))
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """A job's task only asks whether a run is due; to run the job is another matter."""
        run_each(self, request, JobConfig.objects.filter(periodic_task__in=queryset))
        others = queryset.filter(job_config=None)
        if others:
            super().run_tasks(request, others)

    @admin.display(description=_("job"))
    def job(self, task: PeriodicTask) -> str:
        config = job_of(task)
        return link(config.job_id, "scheduling_jobconfig_change", config.pk) if config else "-"
