"""What an operator tells a job: the same from the list, from the job's page and from django-celery-beat's pages."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminTextInputWidget

from scheduling import control, running
from scheduling.admin.run_link import run_message
from scheduling.exceptions import ConfigurationError, SchedulingError
from scheduling.models import Execution, JobConfig

Order = Callable[[str], object]
RUN_PERMISSION = "scheduling.add_execution"


class NoteForm(forms.Form):
    note = forms.CharField(max_length=500, error_messages={"required": _("Write a note that says why it is paused.")})


class NoteActionForm(ActionForm):
    note = forms.CharField(
        max_length=500, required=False, label=_("Note, to pause with:"), widget=UnfoldAdminTextInputWidget
    )


def may_run(request: HttpRequest) -> bool:
    """Running a job makes an execution, so it takes the permission to add one."""
    return request.user.has_perm(RUN_PERMISSION)


def order_named(name: str, values: Mapping[str, Any]) -> Order:
    """What enable, disable, pause or resume does. Raises ConfigurationError for a pause without a note."""
    if name == "pause":
        note = _note(values)
        return lambda job_id: control.pause(job_id, note)
    return {"enable": control.enable, "disable": control.disable, "resume": control.resume}[name]


def _note(values: Mapping[str, Any]) -> str:
    form = NoteForm(values)
    if not form.is_valid():
        raise ConfigurationError(str(form.errors["note"][0]), "note")
    return str(form.cleaned_data["note"])


def tell_each(
    page: "ModelAdmin[Any]", request: HttpRequest, configs: Iterable[JobConfig], order: Order, done: str
) -> None:
    """Give each job the order; one that refuses does not stop the others."""
    told = []
    for config in configs:
        try:
            order(config.job_id)
        except SchedulingError as error:
            page.message_user(request, f"{config.job_id}: {error}", messages.ERROR)
        else:
            told.append(config.job_id)
            page.log_change(request, config, done)
    if told:
        page.message_user(request, f"{told[0] if len(told) == 1 else gettext('%(n)s jobs') % {'n': len(told)}}: {done}")


def run_each(page: "ModelAdmin[Any]", request: HttpRequest, configs: Iterable[JobConfig]) -> None:
    """Queue a run of each job."""
    tell_each(page, request, configs, running.trigger_now, gettext("Asked to run now."))


def queued_message(execution: Execution) -> SafeString:
    return run_message(execution.job_id, execution.id)
