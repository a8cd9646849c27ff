"""What the panel's buttons do."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST

from market_data import background
from market_data.admin.coverage_map.pages import CellForm
from market_data.admin.coverage_map.panel import ACCEPT, RUN
from market_data.admin.words import title_of
from market_data.datasets import DATASETS, Parts
from market_data.engine.ledger import suspects
from market_data.exceptions import MarketDataError
from market_data.queries.coverage_map import BY_DAYS, suspect_days


def _given(request: HttpRequest, permission: str) -> dict[str, Any] | None:
    if not request.user.has_perm(permission):
        raise PermissionDenied
    form = CellForm(request.POST)
    if form.is_valid():
        return form.cleaned_data
    messages.error(request, gettext("These days do not exist."))
    return None


def _back(given: dict[str, Any] | None) -> HttpResponse:
    if given and given["dataset"] not in BY_DAYS:
        return redirect("admin:index")
    query = {name: str(value) for name, value in given.items()} if given else {}
    return redirect(reverse("admin:market_data_coverage", query=query))


@require_POST
def repair(request: HttpRequest) -> HttpResponse:
    """Have a worker bring what is missing of some days."""
    given = _given(request, RUN)
    if given:
        _told(request, given, lambda: _started(given))
    return _back(given)


@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    """Take the suspect days among these for settled, in the name of who says so."""
    given = _given(request, ACCEPT)
    if given:
        _told(request, given, lambda: _accepted(request, given))
    return _back(given)


def _accepted(request: HttpRequest, given: dict[str, Any]) -> str:
    dataset = DATASETS[given["dataset"]]
    days = [p.trade_date for p in suspect_days(dataset, given["start"], given["end"])]
    count = suspects.accept(dataset, days, request.user.get_username())
    if dataset.parts == Parts.WHOLE:
        return gettext("The list is accepted; it is stored with its next answer.")
    return ngettext("%(n)s day is accepted.", "%(n)s days are accepted.", count) % {"n": count}


def _started(given: dict[str, Any]) -> Any:
    days = {name: given[name].isoformat() for name in ("start", "end")}
    run = background.sync(datasets=[given["dataset"]], **days)
    place = reverse("admin:scheduling_execution_change", args=[run])
    return format_html('{} <a href="{}">{}</a>', gettext("The repair is queued."), place, gettext("Watch its run."))


def _told(request: HttpRequest, given: dict[str, Any], act: Callable[[], Any]) -> None:
    try:
        done = act()
    except MarketDataError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, format_html("{}: {}", title_of(given["dataset"]), done))
