"""django-celery-beat's own pages, agreeing with ours: what belongs to a job stays the job's."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django_celery_beat.admin import CrontabScheduleAdmin, PeriodicTaskAdmin, PeriodicTaskForm
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from scheduling import control
from scheduling.admin.display import link
from scheduling.admin.orders import may_run, run_each
from scheduling.cron import FIELDS
from scheduling.exceptions import ConfigurationError
from scheduling.models import JobConfig

EDITABLE = ("enabled", "crontab", "interval", "description")


def job_of(task: PeriodicTask) -> JobConfig | None:
    return getattr(task, "job_config", None)


class TaskForm(PeriodicTaskForm):  # type: ignore[misc]
    """Leaves a job's task and its arguments alone, and its schedule row to itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
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
        return f"This schedule belongs to the job {owner.job_id}; choose or add another one."
    if job_of(task) and (other := others.first()):
        return f"The task {other.name} has this schedule, and a job needs one of its own; choose or add another one."
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


admin.site.unregister([PeriodicTask, CrontabSchedule])


@admin.register(CrontabSchedule)
class CrontabAdmin(CrontabScheduleAdmin):  # type: ignore[misc]
    form = CrontabForm


@admin.register(PeriodicTask)
class TaskAdmin(PeriodicTaskAdmin):  # type: ignore[misc]
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
        return admin.ModelAdmin.changeform_view(self, request, *args, **kwargs)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Their actions ask for no permission."""
        actions: dict[str, Any] = super().get_actions(request)
        refused = set() if self.has_change_permission(request) else {*PeriodicTaskAdmin.actions}
        if not may_run(request):
            refused.add("run_tasks")
        return {name: action for name, action in actions.items() if name not in refused}

    @admin.action(description="Run selected tasks")
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """A job's task only asks whether a run is due; to run the job is another matter."""
        run_each(self, request, JobConfig.objects.filter(periodic_task__in=queryset))
        others = queryset.filter(job_config=None)
        if others:
            super().run_tasks(request, others)

    @admin.display(description="job")
    def job(self, task: PeriodicTask) -> str:
        config = job_of(task)
        return link(config.job_id, "scheduling_jobconfig_change", config.pk) if config else "-"
