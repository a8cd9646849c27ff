"""What the groups viewer, operator and admin may do."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions

OURS = ("scheduling", "market_data")
SCHEDULES = ("django_celery_beat", "django_celery_results")
PEOPLE = ("auth", "knox", "axes")
# An operator keeps the work going: runs, pauses, retries, edits what runs and when. Nothing is deleted.
OPERATED = (
    "add_jobconfig",
    "change_jobconfig",
    "add_execution",
    "change_execution",
    "change_pool",
    "change_synctask",
    "change_syncfailurerecord",
    "change_partition",
    "change_listdoubt",
    "change_circuitstate",
)


def install(alias: str = "default") -> None:
    """Make the groups, and give them what they lack; what a person has given them besides stays.

    A migration that adds a model calls this again, or nobody but superusers sees the model.
    """
    from django.contrib.auth.models import Group

    for label in (*OURS, *SCHEDULES, *PEOPLE):
        # Without this a new database has no permissions until all its migrations have run.
        create_permissions(apps.get_app_config(label), verbosity=0, using=alias)
    for name, permissions in _granted(alias).items():
        group, _ = Group.objects.using(alias).get_or_create(name=name)
        group.permissions.add(*permissions)


def _granted(alias: str) -> dict[str, Iterable[Any]]:
    from django.contrib.auth.models import Permission

    known = Permission.objects.using(alias)
    ours = known.filter(content_type__app_label__in=OURS)
    seen = known.filter(content_type__app_label__in=(*OURS, *SCHEDULES), codename__startswith="view_")
    return {
        "viewer": seen,
        "operator": [*seen, *ours.filter(codename__in=OPERATED)],
        "admin": known.filter(content_type__app_label__in=(*OURS, *SCHEDULES, *PEOPLE)),
    }
