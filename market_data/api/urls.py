"""Addresses below /market-data, with and without a slash at the end."""

from collections.abc import Callable
from typing import Any

from django.urls import re_path
from rest_framework.routers import SimpleRouter

from market_data.api.bars import BarViewSet
from market_data.api.coverage import CoverageViewSet
from market_data.api.datasets import DatasetViewSet
from market_data.api.failures import FailureViewSet
from market_data.api.finance import ReportViewSet
from market_data.api.sync_tasks import SyncTaskViewSet


def heavy(view: Callable[..., Any]) -> Callable[..., Any]:
    """Says that a view reads much: few of them are answered at a time."""
    view.is_heavy = True  # type: ignore[attr-defined]
    return view


router = SimpleRouter()
router.trailing_slash = "/?"
router.register("sync-tasks", SyncTaskViewSet, basename="sync-task")
router.register("failures", FailureViewSet, basename="failure")

urlpatterns = [
    *router.urls,
    re_path(r"^coverage/?$", heavy(CoverageViewSet.as_view({"get": "show"})), name="coverage"),
    re_path(r"^bars/?$", heavy(BarViewSet.as_view({"get": "show"})), name="bars"),
    re_path(r"^datasets/?$", DatasetViewSet.as_view({"get": "list"}), name="datasets"),
    re_path(r"^datasets/(?P<name>\w+)/rows/?$", heavy(DatasetViewSet.as_view({"get": "rows"})), name="rows"),
    re_path(r"^finance/?$", heavy(ReportViewSet.as_view({"get": "show"})), name="finance"),
]
