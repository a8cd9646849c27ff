"""The scheduling application: jobs, their configuration and their executions."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = "Scheduling"

    def ready(self) -> None:
        """Collect the jobs that applications declare."""
        autodiscover_modules("jobs")
