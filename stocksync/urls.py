"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from stocksync.rest.errors import Nowhere

admin.site.site_header = admin.site.site_title = "stocksync"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("scheduler/", include("scheduling.api.urls")),
    path("market-data/", include("market_data.api.urls")),
    re_path(r"^schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^docs/?$", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    re_path(r"^(?:scheduler|market-data)(?:/.*)?$", Nowhere.as_view()),
]
