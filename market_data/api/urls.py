"""Addresses below /market-data, with and without a slash at the end."""

from django.urls import re_path
from rest_framework.routers import SimpleRouter

from market_data.api.bars import BarViewSet
from market_data.api.coverage import CoverageViewSet
from market_data.api.failures import FailureViewSet
from market_data.api.finance import ReportViewSet
from market_data.api.sync_tasks import SyncTaskViewSet

router = SimpleRouter()
router.trailing_slash = "/?"
router.register("sync-tasks", SyncTaskViewSet, basename="sync-task")
router.register("failures", FailureViewSet, basename="failure")

urlpatterns = [
    *router.urls,
    re_path(r"^coverage/?$", CoverageViewSet.as_view({"get": "show"}), name="coverage"),
    re_path(r"^bars/?$", BarViewSet.as_view({"get": "show"}), name="bars"),
    re_path(r"^finance/?$", ReportViewSet.as_view({"get": "show"}), name="finance"),
]
