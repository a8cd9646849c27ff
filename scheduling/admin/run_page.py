"""The page that runs a job now, with arguments for this run."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from scheduling import running
from scheduling.admin.argument_fields import PREFIX, argument_fields, given_arguments
from scheduling.admin.kwargs import KwargsField, kwargs_help
from scheduling.admin.orders import queued_message
from scheduling.exceptions import ConfigurationError, SchedulingError
from scheduling.models import Execution, JobConfig


class RunForm(forms.Form):
    """A field for each argument; JSON for who prefers it."""

    kwargs = KwargsField(
        label=_("Arguments as JSON"),
        initial=dict,
        help_text=_("They go over the job's own and over the fields above, for this run only."),
    )
    # A form that is sent twice runs the job once.
    key = forms.CharField(max_length=100, initial=lambda: str(uuid4()), widget=forms.HiddenInput)

    def __init__(self, config: JobConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if config.declaration:
            self.fields.update(argument_fields(config.declaration, config.job_kwargs))

    def arguments(self) -> list[forms.BoundField]:
        """The fields that the job's declaration asks for."""
        return [self[name] for name in self.fields if name.startswith(PREFIX)]


def run_page(page: "ModelAdmin[Any]", request: HttpRequest, config: JobConfig) -> HttpResponse:
    """Show the form, or run the job and go back to its page."""
    form = RunForm(config, request.POST or None)
    if form.is_valid() and (execution := _started(config, form)):
        page.log_change(request, config, gettext("Asked to run now."))
        page.message_user(request, queued_message(execution))
        return redirect("admin:scheduling_jobconfig_change", config.pk)
    context = {
        **page.admin_site.each_context(request),
        "title": gettext("Run %(job)s now") % {"job": config.job_id},
        "opts": page.opts,
        "original": config,
        "form": form,
        "kwargs_help": kwargs_help(config.declaration) if config.declaration else "",
    }
    return TemplateResponse(request, "admin/scheduling/jobconfig/run.html", context)


def _started(config: JobConfig, form: RunForm) -> Execution | None:
    try:
        given = {**given_arguments(form), **form.cleaned_data["kwargs"]}
        return running.trigger_now(config.job_id, given, form.cleaned_data["key"])
    except SchedulingError as error:
        form.add_error("kwargs" if isinstance(error, ConfigurationError) else None, str(error))
        return None
