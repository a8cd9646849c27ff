"""Incidents: what is wrong now, what was, and whether people can be told."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from scheduling import notifying
from scheduling.admin.lists import NobodyEdits
from scheduling.models import Incident


class OpenFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", gettext("Goes on")), ("over", gettext("Over"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(closed_at__isnull=self.value() == "open") if self.value() else queryset


@admin.register(Incident)
class IncidentAdmin(NobodyEdits, ModelAdmin):
    list_display = ("opened_at", "kind", "text", "closed_at", "told_at", "told_over_at")
    list_filter = (OpenFilter, "kind")
    ordering = ("-opened_at",)
    change_list_template = "admin/scheduling/incident/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        test = self.admin_site.admin_view(require_POST(self.send_test))
        return [path("test/", test, name="scheduling_incident_test"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "may_test": _may_test(request)})

    def send_test(self, request: HttpRequest) -> HttpResponse:
        """Send a message to everybody who would be told of an incident."""
        if not _may_test(request):
            raise PermissionDenied
        if not settings.NOTIFY_URLS:
            self.message_user(request, gettext("Nobody would be told: NOTIFY_URLS is empty."), messages.WARNING)
        elif notifying.send("stocksync: test", f"A test that {request.user.get_username()} asked for. All is well."):
            self.message_user(request, gettext("The test message was sent."))
        else:
            told = gettext("It could not be sent to all of NOTIFY_URLS; the log says why.")
            self.message_user(request, told, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:scheduling_incident_changelist"))


def _may_test(request: HttpRequest) -> bool:
    return request.user.has_perm("scheduling.change_incident")
