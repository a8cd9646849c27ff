"""The map's page, and the panel that a cell or a range opens."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from market_data.admin.coverage_map.drawing import grids
from market_data.admin.coverage_map.panel import panel
from market_data.admin.shapes import state_words
from market_data.admin.tables import page_context, require_view
from market_data.admin.words import title_of
from market_data.datasets import WITH_LEDGER
from market_data.engine.ledger import clock
from market_data.models import Partition
from market_data.queries.coverage_map import BY_DAYS, WORST_FIRST, Zoom, rows_of

SHOWN_DAYS = 180
DAYS_AT_MOST = 400
MONTHS_AT_MOST = 366 * 16
EARLIEST = date(1990, 12, 1)


class MapForm(forms.Form):
    """Which part of the map: days, one dataset or all, and what a column is."""

    start = forms.DateField(required=False, label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    end = forms.DateField(required=False, label=_("to"), widget=forms.DateInput(attrs={"type": "date"}))
    dataset = forms.ChoiceField(required=False, label=_("Dataset"))
    zoom = forms.ChoiceField(
        required=False,
        label=_("A column is"),
        choices=[("", _("what fits")), ("days", _("a day")), ("months", _("a month")), ("years", _("a year"))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dataset"].choices = [("", gettext("all")), *((name, title_of(name)) for name in BY_DAYS)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        today = clock.today()
        values["end"] = min(values.get("end") or today, today)
        values["start"] = max(values.get("start") or values["end"] - timedelta(days=SHOWN_DAYS), EARLIEST)
        if values["start"] > values["end"]:
            self.add_error("start", gettext("The first day lies behind the last one."))
        return values

    @property
    def names(self) -> tuple[str, ...]:
        chosen = self.cleaned_data.get("dataset")
        return (chosen,) if chosen else BY_DAYS

    @property
    def scale(self) -> Zoom:
        """What was asked for where it can be drawn, else what fits."""
        days = (self.cleaned_data["end"] - self.cleaned_data["start"]).days
        fitting = Zoom.DAYS if days <= DAYS_AT_MOST else Zoom.MONTHS if days <= MONTHS_AT_MOST else Zoom.YEARS
        asked = Zoom(self.cleaned_data.get("zoom") or fitting)
        return min(asked, fitting, key=lambda zoom: zoom.letters)


def map_page(request: HttpRequest) -> TemplateResponse:
    """Draw the map of the days that the address names, else of the last half year."""
    require_view(request, Partition)
    form = MapForm(request.GET or {})
    context = {**page_context(request, gettext("Coverage")), "form": form}
    context["legend"] = [(state, state_words(state)) for state in WORST_FIRST]
    if form.is_valid():
        start, end = form.cleaned_data["start"], form.cleaned_data["end"]
        rows = rows_of(form.names, start, end, form.scale)
        context |= {"grids": grids(rows, form.scale), "start": start, "end": end, "zoom": form.scale.value}
        if len(form.names) == 1:
            context["panel"] = panel(request, form.names[0], start, end)
    return TemplateResponse(request, "admin/market_data/coverage_map.html", context)


class CellForm(forms.Form):
    """A dataset's days that were pointed at."""

    dataset = forms.ChoiceField(choices=[(name, name) for name in WITH_LEDGER])
    start = forms.DateField()
    end = forms.DateField()

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        if values.get("start") and values.get("end") and values["start"] > values["end"]:
            values["start"], values["end"] = values["end"], values["start"]
        return values


def cell_panel(request: HttpRequest) -> HttpResponse:
    """The panel alone, for the browser to put beside the map."""
    require_view(request, Partition)
    form = CellForm(request.GET)
    if not form.is_valid():
        return HttpResponse(str(form.errors), status=400)
    given = form.cleaned_data
    context = {"panel": panel(request, given["dataset"], given["start"], given["end"])}
    return render(request, "admin/market_data/coverage_panel.html", context)
