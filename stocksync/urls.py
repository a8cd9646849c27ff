"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from market_data.api.dataapi import dataapi
from stocksync.observing import views
from stocksync.rest.errors import Nowhere

DOCS = SpectacularSwaggerView.as_view(url_name="schema", template_name="stocksync/docs.html")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    re_path(r"^healthz/?$", views.healthz, name="healthz"),
    re_path(r"^readyz/?$", views.readyz, name="readyz"),
    re_path(r"^metrics/?$", views.figures, name="metrics"),
    path("scheduler/", include("scheduling.api.urls")),
    path("market-data/", include("market_data.api.urls")),
    re_path(r"^dataapi(?:/(?P<api_name>\w*))?/?$", dataapi, name="dataapi"),
    re_path(r"^schema/?$", SpectacularAPIView.as_view(), name="schema"),
    re_path(r"^docs/?$", DOCS, name="docs"),
    re_path(r"^(?:scheduler|market-data)(?:/.*)?$", Nowhere.as_view()),
]
