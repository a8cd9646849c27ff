"""Addresses below /scheduler, with and without a slash at the end."""

from django.urls import re_path
from rest_framework.routers import SimpleRouter

from scheduling.api import schema  # noqa: F401 - the description of the interface knows it from here
from scheduling.api.execution_views import ExecutionViewSet, StatusViewSet
from scheduling.api.job_views import JobViewSet

router = SimpleRouter()
router.trailing_slash = "/?"
router.register("jobs", JobViewSet, basename="job")
router.register("executions", ExecutionViewSet, basename="execution")

urlpatterns = [*router.urls, re_path(r"^status/?$", StatusViewSet.as_view({"get": "show"}), name="scheduler-status")]
