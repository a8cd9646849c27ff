"""How the admin looks and what its sidebar offers: unfold's settings."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
# Calm: greys, and one accent.
ACCENT = {
    "50": "oklch(97% .014 236)",
    "100": "oklch(94% .028 236)",
    "200": "oklch(89% .055 238)",
    "300": "oklch(81% .09 240)",
    "400": "oklch(70% .12 243)",
    "500": "oklch(61% .13 247)",
    "600": "oklch(51% .13 250)",
    "700": "oklch(45% .12 252)",
    "800": "oklch(39% .1 253)",
    "900": "oklch(34% .08 254)",
    "950": "oklch(25% .06 255)",
}


def _may(permission: str) -> Any:
    return lambda request: request.user.has_perm(permission)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)


def _item(title: Any, icon: str, view: str, permission: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{view}"), "permission": _may(permission)}


def _raw(title: Any, view: str) -> dict[str, Any]:
    return {"title": title, "link": reverse_lazy(f"admin:{view}_changelist"), "permission": _is_superuser}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """What people do, then the raw tables."""
    del request
    overview = {"title": _("Overview"), "icon": "monitoring", "link": reverse_lazy("admin:index")}
    return [{"title": "", "items": [overview, *_PLACES]}, {"title": _("Advanced"), "collapsible": True, "items": _RAW}]


_PLACES = [
    _item(_("Coverage"), "grid_on", "market_data_coverage", "market_data.view_partition"),
    _item(_("Back-fill"), "history", "market_data_backfill", "market_data.view_partition"),
    _item(_("Jobs"), "event_repeat", "scheduling_jobconfig_changelist", "scheduling.view_jobconfig"),
    _item(_("Add a watchlist"), "playlist_add", "room_add_watchlist", "scheduling.add_jobconfig"),
    _item(_("Runs"), "play_circle", "scheduling_execution_changelist", "scheduling.view_execution"),
    _item(_("Failures"), "error", "market_data_syncfailurerecord_changelist", "market_data.view_syncfailurerecord"),
    _item(_("Stocks"), "candlestick_chart", "market_data_stocks", "market_data.view_security"),
    _item(_("Sources"), "cloud_download", "market_data_circuitstate_changelist", "market_data.view_circuitstate"),
    _item(_("Settings"), "settings", "auth_user_changelist", "auth.view_user"),
]
_RAW = [
    _raw(_("Groups"), "auth_group"),
    _raw(_("API tokens"), "knox_authtoken"),
    _raw(_("Sync tasks"), "market_data_synctask"),
    _raw(_("Sync requests"), "market_data_syncrequest"),
    _raw(_("Coverage rows"), "market_data_partition"),
    _raw(_("Coverage marks"), "market_data_coveragemark"),
    _raw(_("Stock list"), "market_data_security"),
    _raw(_("Revisions"), "market_data_revision"),
    _raw(_("Limiter rows"), "market_data_ratelimitstate"),
    _raw(_("Learnt starts"), "market_data_learntstart"),
    _raw(_("Moved codes"), "market_data_movedcode"),
    _raw(_("Concept boards"), "market_data_conceptboard"),
    _raw(_("Concept members"), "market_data_conceptmember"),
    _raw(_("Financial indicators"), "market_data_finaindicator"),
    _raw(_("Income statements"), "market_data_incomestatement"),
    _raw(_("Balance sheets"), "market_data_balancesheet"),
    _raw(_("Cash flows"), "market_data_cashflow"),
    _raw(_("Origin of the data"), "market_data_origin"),
    _raw(_("Pools"), "scheduling_pool"),
    _raw(_("Periodic tasks"), "django_celery_beat_periodictask"),
    _raw(_("Crontabs"), "django_celery_beat_crontabschedule"),
    _raw(_("Intervals"), "django_celery_beat_intervalschedule"),
    _raw(_("Clocked"), "django_celery_beat_clockedschedule"),
    _raw(_("Solar events"), "django_celery_beat_solarschedule"),
    _raw(_("Task results"), "django_celery_results_taskresult"),
    _raw(_("Group results"), "django_celery_results_groupresult"),
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "stocksync",
    "SITE_HEADER": "stocksync",
    "SITE_SYMBOL": "monitoring",
    "SITE_URL": None,
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": ACCENT},
    "DASHBOARD_CALLBACK": "stocksync.control_room.overview.dashboard",
    "SCRIPTS": [lambda request: static("stocksync/live.js")],
    "STYLES": [lambda request: static("stocksync/admin.css")],
    "SITE_FAVICONS": [{"rel": "icon", "href": "data:,"}],
    "COMMAND": {"search_callback": "stocksync.control_room.search.found"},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": _is_superuser,
        "navigation": navigation,
    },
}
