"""The scheduling application: jobs, their configuration and their executions."""

from django.apps import AppConfig
from django.db.models.signals import pre_save
from django.utils.module_loading import autodiscover_modules


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = "Scheduling"

    def ready(self) -> None:
        """Collect the jobs that applications declare."""
        from django_celery_beat.models import PeriodicTasks  # models are there from now on

        from scheduling.beat_rows import date_by_database

        pre_save.connect(date_by_database, sender=PeriodicTasks)
        autodiscover_modules("jobs")
