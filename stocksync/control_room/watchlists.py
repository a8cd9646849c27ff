"""A watchlist of one's own: a name, symbols, and a time of the day."""

from datetime import time
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from market_data.admin.tables import page_context
from scheduling import control
from scheduling.exceptions import ConfigurationError
from scheduling.models import JobConfig

JOB_TYPE = "watchlist"
ADD = "scheduling.add_jobconfig"
EVERY_DAY, WEEKDAYS = "*", "1-5"


class WatchlistForm(forms.Form):
    name = forms.CharField(max_length=200, label=_("Name"))
    symbols = forms.CharField(
        label=_("Symbols"),
        help_text=_("Such as 600000.SH or AAPL, with commas, spaces or lines between."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    at = forms.TimeField(
        initial=time(17), label=_("Time in Shanghai"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"})
    )
    days = forms.ChoiceField(
        label=_("Days"), choices=[(WEEKDAYS, _("Monday to Friday")), (EVERY_DAY, _("every day"))], initial=WEEKDAYS
    )

    def clean_symbols(self) -> list[str]:
        return str(self.cleaned_data["symbols"]).replace(",", " ").replace("，", " ").split()


def add_watchlist(request: HttpRequest) -> HttpResponse:
    """Show the form, or make the job and go to its page."""
    if not request.user.has_perm(ADD):
        raise PermissionDenied
    form = WatchlistForm(request.POST or None)
    if form.is_valid() and (config := _created(form)):
        messages.success(request, gettext("The watchlist %(name)s is made.") % {"name": config.job_name})
        return redirect("admin:scheduling_jobconfig_change", config.pk)
    context: dict[str, Any] = {**page_context(request, gettext("Add a watchlist")), "form": form}
    return TemplateResponse(request, "room/watchlist.html", context)


def _created(form: WatchlistForm) -> JobConfig | None:
    given = form.cleaned_data
    expression = f"{given['at'].minute} {given['at'].hour} * * {given['days']}"
    try:
        return control.create(
            str(uuid4()),
            job_type=JOB_TYPE,
            job_name=given["name"],
            job_kwargs={"stock_ids": given["symbols"]},
            schedule=control.cron(expression),
        )
    except ConfigurationError as error:
        form.add_error("symbols" if error.field == "job_kwargs" else None, str(error))
        return None
