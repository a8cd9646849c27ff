"""The page that runs a job now, with arguments for this run."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from scheduling import running
from scheduling.admin.display import pretty_json
from scheduling.admin.kwargs import KwargsField, kwargs_help
from scheduling.admin.orders import queued_message
from scheduling.exceptions import ConfigurationError, SchedulingError
from scheduling.models import Execution, JobConfig


class RunForm(forms.Form):
    kwargs = KwargsField(label="Arguments", initial=dict, help_text="They go over the job's own, for this run only.")
    # A form that is sent twice runs the job once.
    key = forms.CharField(max_length=100, initial=lambda: str(uuid4()), widget=forms.HiddenInput)


def run_page(page: "ModelAdmin[Any]", request: HttpRequest, config: JobConfig) -> HttpResponse:
    """Show the form, or run the job and go back to its page."""
    form = RunForm(request.POST or None)
    if form.is_valid() and (execution := _started(config, form)):
        page.log_change(request, config, "Asked to run now.")
        page.message_user(request, queued_message(execution))
        return redirect("admin:scheduling_jobconfig_change", config.pk)
    context = {
        **page.admin_site.each_context(request),
        "title": f"Run {config.job_id} now",
        "opts": page.opts,
        "original": config,
        "form": form,
        "own_kwargs": pretty_json(config.job_kwargs),
        "kwargs_help": kwargs_help(config.declaration) if config.declaration else "",
    }
    return TemplateResponse(request, "admin/scheduling/jobconfig/run.html", context)


def _started(config: JobConfig, form: RunForm) -> Execution | None:
    try:
        return running.trigger_now(config.job_id, form.cleaned_data["kwargs"], form.cleaned_data["key"])
    except SchedulingError as error:
        form.add_error("kwargs" if isinstance(error, ConfigurationError) else None, str(error))
        return None
