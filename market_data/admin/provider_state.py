"""What is known about accounts and hosts: calls made lately, interfaces that are denied, hosts that refuse."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from market_data.admin.display import link, pretty_json
from market_data.admin.lists import ReadOnlyAdmin
from market_data.admin.tables import Table, page_context, rendered, require_view
from market_data.models import CircuitState, DataChange, InterfaceDenial, LearntStart, RateLimitState

_COLUMNS = ("account", "api_name", "message", "denied_at")
DENIALS = Table("denials", gettext_noop("Interface denials"), InterfaceDenial, _COLUMNS, ("account", "api_name"))


def denials_page(request: HttpRequest) -> TemplateResponse:
    """Show the interfaces that accounts may not call."""
    require_view(request, InterfaceDenial)
    account = request.GET.get("account", "").strip()
    rows = InterfaceDenial.objects.all()
    context = {
        **page_context(request, gettext(DENIALS.title)),
        "account": account,
        "table": rendered(request, DENIALS, rows.filter(account=account) if account else rows),
    }
    return TemplateResponse(request, "admin/market_data/denials.html", context)


@admin.register(RateLimitState)
class RateLimitStateAdmin(ReadOnlyAdmin):
    list_display = ("account", "denials")
    search_fields = ("account",)
    search_help_text = _("A whole account name.")
    ordering = ("account",)
    fields = ("account", "denials", "calls")
    readonly_fields = ("denials", "calls")

    def find(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(account=text)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(denials_page)
        return [path("denials/", page, name="market_data_denials"), *super().get_urls()]

    @admin.display(description=_("denials"))
    def denials(self, state: RateLimitState) -> str:
        return link(gettext("interfaces it may not call"), "market_data_denials", account=state.account)

    @admin.display(description=_("state"))
    def calls(self, state: RateLimitState) -> str:
        return pretty_json(state.state)


@admin.register(CircuitState)
class CircuitStateAdmin(ReadOnlyAdmin):
    list_display = ("host", "state", "refusals", "open_until", "last_refusal", "refused_at")
    search_fields = ("host",)
    search_help_text = _("A whole host name.")
    ordering = ("host",)
    actions = ("let_calls_go",)
    readonly_fields = ("state",)
    fields = (*readonly_fields, *(field.name for field in CircuitState._meta.fields))

    def find(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(host=text)

    @admin.display(description=_("state"))
    def state(self, circuit: CircuitState) -> str:
        if circuit.open_until is None:
            return gettext("calls go")
        return gettext("left alone") if circuit.open_until > timezone.now() else gettext("the next call tries")

    @admin.action(description=_("Let calls go again at once"), permissions=["operate"])
    def let_calls_go(self, request: HttpRequest, queryset: QuerySet[CircuitState]) -> None:
        for circuit in queryset:
            self.log_change(request, circuit, gettext("Calls go again."))
        self.message_user(
            request, gettext("Calls go again to %(n)s hosts.") % {"n": queryset.update(refusals=0, open_until=None)}
        )


@admin.register(DataChange)
class DataChangeAdmin(ReadOnlyAdmin):
    list_display = ("table", "year", "month", "token")
    ordering = ("-id",)


@admin.register(LearntStart)
class LearntStartAdmin(ReadOnlyAdmin):
    list_display = ("dataset", "first_day", "learnt_at")
    ordering = ("dataset",)
