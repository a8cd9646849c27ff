"""The forms of a job's page: they refuse, next to the field, what control would refuse, and then have it done."""

from typing import Any
from uuid import uuid4

from django import forms
from django.forms.models import model_to_dict
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from scheduling import admission, calendars, chaining, control, registry
from scheduling.admin.kwargs import KwargsField, kwargs_help
from scheduling.exceptions import ConfigurationError
from scheduling.models import JobConfig, Pool
from scheduling.schedules import Interval, Schedule
from scheduling.transactions import answered

SCHEDULE = frozenset({"cron_expression", "timezone", "interval"})
CRON_HELP = _(
    "Five fields: minute, hour, day of month, month, day of week, such as 45 18 * * 1-5. "
    "Empty, with no interval either: it runs by hand or after another job."
)


def _previewed(widget: Any, when: str = "input changed delay:300ms") -> Any:
    """A field whose schedule is explained while one types."""
    return widget(
        attrs={
            "hx-get": reverse_lazy("admin:scheduling_jobconfig_preview"),
            "hx-trigger": when,
            "hx-include": "[name=cron_expression], [name=timezone], [name=interval]",
            "hx-target": "#schedule-preview",
        }
    )


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg] # it takes no parameter at run time
    """What a job runs, with which arguments, and when."""

    cron_expression = forms.CharField(
        required=False,
        label=_("Cron expression"),
        help_text=CRON_HELP,
        widget=_previewed(UnfoldAdminTextInputWidget, "load, input changed delay:300ms"),
    )
    timezone = forms.CharField(
        initial=registry.DEFAULT_TIMEZONE, label=_("Time zone"), widget=_previewed(UnfoldAdminTextInputWidget)
    )
    interval = forms.IntegerField(
        required=False,
        min_value=1,
        label=_("Interval in seconds"),
        help_text=_("In place of a cron expression."),
        widget=_previewed(UnfoldAdminIntegerFieldWidget),
    )
    enabled = forms.BooleanField(required=False, initial=True, label=_("Enabled"), widget=UnfoldBooleanSwitchWidget)
    job_kwargs = KwargsField(label=_("Arguments"), initial=dict)
    instance: JobConfig
    schedule: Schedule | None = None

    def clean(self) -> None:
        super().clean()
        for check in (self._check_schedule, self._check_kwargs, self._check_run_after):
            try:
                check()
            except ConfigurationError as error:
                self.add_error(error.field, str(error))

    def declared(self) -> registry.Job | None:
        return self.instance.declaration

    def _check_schedule(self) -> None:
        """Only where it was changed: another field of a job can be saved whatever its schedule."""
        if not SCHEDULE.intersection(self.changed_data) or SCHEDULE.intersection(self.errors):
            return
        expression, seconds = self.cleaned_data["cron_expression"], self.cleaned_data["interval"]
        if expression and seconds:
            raise ConfigurationError(gettext("Write a cron expression or an interval, not both."), "interval")
        if expression:
            self.schedule = control.cron(expression, self.cleaned_data["timezone"])
        elif seconds:
            self.schedule = control.interval(seconds)

    def _check_kwargs(self) -> None:
        if (declared := self.declared()) and "job_kwargs" in self.cleaned_data:
            declared.check_kwargs(self.cleaned_data["job_kwargs"] or declared.default_kwargs)

    def _check_run_after(self) -> None:
        chaining.check_run_after(self.instance.job_id, self.cleaned_data.get("run_after"))


class NewJobForm(ScheduleForm):
    """A job of a declared type."""

    job_type = forms.ChoiceField(label=_("What it runs"), widget=UnfoldAdminSelectWidget)
    job_id = forms.CharField(
        required=False,
        max_length=100,
        label=_("Job id"),
        help_text=_("How programs and commands name it; empty: an id is made up."),
        widget=UnfoldAdminTextInputWidget,
    )

    class Meta:
        model = JobConfig
        fields = ("job_type", "job_id", "job_name", "job_kwargs")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["job_type"].choices = [(job.name, job.title) for job in registry.all_jobs()]  # type: ignore[attr-defined]

    def declared(self) -> registry.Job | None:
        return registry.find(self.cleaned_data.get("job_type", ""))

    def clean_job_id(self) -> str:
        return self.cleaned_data["job_id"] or str(uuid4())

    def apply(self) -> None:
        """Create the job under the id that the page knows it by."""
        given = {name: self.cleaned_data[name] for name in ("job_type", "job_name", "job_kwargs", "enabled")}
        if not given["job_kwargs"]:
            del given["job_kwargs"]
        control.create(self.cleaned_data["job_id"], schedule=self.schedule, id=self.instance.id, **given)


class JobForm(ScheduleForm):
    """Changes what its reader changed and nothing else: others may have edited the job since the page was opened."""

    class Meta:
        model = JobConfig
        exclude = ()  # noqa: DJ006 - the page names its fields

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update(_schedule_of(self.instance))
        if declared := self.declared():
            self.fields["job_kwargs"].help_text = kwargs_help(declared)
        self._offer("calendar", calendars.calendar_names())
        self._offer("pool", Pool.objects.values_list("name", flat=True))
        for field in self.fields.values():
            field.show_hidden_initial = True

    def _offer(self, name: str, known: Any) -> None:
        """The names that are known, and the one that is set though nobody knows it."""
        if field := self.fields.get(name):
            offered = sorted({*known, getattr(self.instance, name)} - {""})
            field.widget = UnfoldAdminSelectWidget(choices=[("", "---------"), *((each, each) for each in offered)])

    def clean(self) -> None:
        super().clean()
        with answered():
            # Locked until the page is saved.
            config = admission.locked(self.instance.job_id)
        if config:
            for name in self.changed_data:
                self._refuse_lost_edit(name, {**model_to_dict(config), **_schedule_of(config)}.get(name))

    def _refuse_lost_edit(self, name: str, current: Any) -> None:
        """Only whoever saw what is there now may replace it. What the page showed comes back with it."""
        field, bound = self.fields[name], self[name]
        if bound.html_initial_name not in self.data:
            return
        shown = field.hidden_widget().value_from_datadict(self.data, self.files, bound.html_initial_name)
        if field.has_changed(current, shown) and field.has_changed(current, bound.data):
            self.add_error(
                name,
                f"Somebody else has changed this since you opened the page, from {shown or 'nothing'} to "
                f"{field.prepare_value(current) or 'nothing'}. Open the page again and repeat your change.",
            )

    @answered()
    def apply(self) -> None:
        """Have control change what is new on the page."""
        job_id, changed = self.instance.job_id, self.changed_data
        wanted = self.cleaned_data["enabled"] if "enabled" in changed else control.get(job_id).enabled
        fields = {name: self.cleaned_data[name] for name in changed if name not in SCHEDULE | {"enabled"}}
        if fields:
            control.update(job_id, **fields)
        if SCHEDULE.intersection(changed):
            control.set_schedule(job_id, self.schedule)
        if control.get(job_id).enabled != wanted:
            (control.enable if wanted else control.disable)(job_id)


def _schedule_of(config: JobConfig) -> dict[str, Any]:
    schedule = config.schedule
    return {
        "cron_expression": config.cron_expression or "",
        "timezone": config.timezone,
        "interval": schedule.seconds if isinstance(schedule, Interval) else None,
        "enabled": config.enabled,
    }
