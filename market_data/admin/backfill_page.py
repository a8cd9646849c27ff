"""The back-fill: what to bring, what it costs, the button, and how far it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from market_data import background
from market_data.admin.coverage_map.panel import RUN, price_words
from market_data.admin.plan_words import shape_words
from market_data.admin.tables import page_context, require_view
from market_data.admin.words import length_words, number, title_of
from market_data.datasets import WITH_LEDGER
from market_data.engine.orders import Order, check_order
from market_data.exceptions import MarketDataError
from market_data.models import Partition, Security, SyncTask
from market_data.queries.progress import progress_of, with_progress

SYMBOLS_AT_MOST = 2000
SHOWN_HOURS = 48


class BackfillForm(forms.Form):
    """Datasets, days and stocks."""

    datasets = forms.MultipleChoiceField(
        label=_("Datasets"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one dataset.")},
    )
    start = forms.DateField(
        required=False,
        label=_("From"),
        help_text=_("Empty: from where history begins."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    end = forms.DateField(
        required=False, label=_("to"), help_text=_("Empty: today."), widget=forms.DateInput(attrs={"type": "date"})
    )
    symbols = forms.CharField(
        required=False,
        label=_("Stocks"),
        help_text=_("Such as 600000.SH, with commas or spaces between; empty: all."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["datasets"].choices = [(name, title_of(name)) for name in WITH_LEDGER]  # type: ignore[attr-defined]

    def clean_symbols(self) -> list[str]:
        symbols = list(dict.fromkeys(self.cleaned_data["symbols"].replace(",", " ").upper().split()))
        if len(symbols) > SYMBOLS_AT_MOST:
            raise forms.ValidationError(gettext("Name at most %(n)s stocks.") % {"n": number(SYMBOLS_AT_MOST)})
        known = set(Security.objects.filter(symbol__in=symbols).values_list("symbol", flat=True))
        unknown = [symbol for symbol in symbols if symbol not in known]
        if unknown:
            raise forms.ValidationError(gettext("No list has %(symbols)s.") % {"symbols": ", ".join(unknown[:10])})
        return symbols

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        if values.get("start") and values.get("end") and values["start"] > values["end"]:
            self.add_error("start", gettext("The first day lies behind the last one."))
        return values

    @property
    def order(self) -> Order:
        given = self.cleaned_data
        return Order(given["start"], given["end"], tuple(given["symbols"]) or None)


@dataclass(frozen=True)
class Priced:
    title: str
    price: str
    shape: str


def backfill_page(request: HttpRequest) -> HttpResponse:
    """The form and, where it is filled in, the price; by POST the order, then its progress."""
    require_view(request, Partition)
    if request.method == "POST":
        return _start(request)
    asked = "datasets" in request.GET
    form = BackfillForm(request.GET if asked else None, initial={"datasets": ["daily"]})
    context = {**page_context(request, gettext("Back-fill")), "form": form, "may_run": request.user.has_perm(RUN)}
    if asked and form.is_valid():
        context["plan"] = [_priced(name, form.order) for name in form.cleaned_data["datasets"]]
    context |= {"started": request.GET.get("started", ""), "tasks": _tasks(request)}
    if request.headers.get("HX-Request"):
        return TemplateResponse(request, "admin/market_data/backfill_progress.html", context)
    return TemplateResponse(request, "admin/market_data/backfill.html", context)


def _priced(name: str, order: Order) -> Priced:
    price = price_words(name, order)
    try:
        check_order(order)
        shape = shape_words(name, order)
    except MarketDataError:
        # The price says it already.
        shape = ""
    return Priced(title_of(name), price, shape)


def _start(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(RUN):
        raise PermissionDenied
    form = BackfillForm(request.POST)
    if not form.is_valid():
        context = {**page_context(request, gettext("Back-fill")), "form": form, "may_run": True}
        return TemplateResponse(request, "admin/market_data/backfill.html", context)
    given, began = form.cleaned_data, timezone.now()
    days = {name: given[name].isoformat() for name in ("start", "end") if given[name]}
    try:
        background.sync(datasets=given["datasets"], symbols=given["symbols"], **days)
    except MarketDataError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, gettext("The back-fill is queued; its progress is below."))
    return redirect(reverse("admin:market_data_backfill", query={"started": began.isoformat()}))


def _tasks(request: HttpRequest) -> list[dict[str, Any]]:
    """The sync tasks that moved since the order, newest first."""
    since = _moment(request.GET.get("started", ""))
    if since is None:
        return []
    moved = with_progress(SyncTask.objects.filter(updated_at__gte=since)).order_by("-updated_at")
    return [_task(task) for task in moved[:20]]


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    oldest = timezone.now() - timedelta(hours=SHOWN_HOURS)
    return max(moment, oldest) if moment and moment.tzinfo else None


def _task(task: Any) -> dict[str, Any]:
    progress = progress_of(task)
    planned = progress["requests_planned"]
    left = progress["seconds_left"]
    return {
        "title": title_of(task.dataset),
        "id": task.id,
        "status": gettext(task.get_status_display()),
        "percent": round(100 * progress["requests_done"] / planned) if planned else 100,
        "calls": gettext("%(done)s of %(total)s calls")
        % {"done": number(progress["requests_done"]), "total": number(planned)},
        "rows": gettext("%(n)s rows") % {"n": number(progress["rows"])},
        "left": gettext("%(time)s left") % {"time": length_words(left)} if left else "",
        "reason": task.reason,
    }
