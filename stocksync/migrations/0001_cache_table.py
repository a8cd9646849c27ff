"""The table in which processes count together where there is no Redis."""

from django.core.management import call_command
from django.db import migrations


def make(apps, schema_editor):
    # With its name, it is made whatever the settings say now: they may say otherwise tomorrow.
    call_command("createcachetable", "stocksync_cache", database=schema_editor.connection.alias, verbosity=0)


def drop(apps, schema_editor):
    schema_editor.execute("DROP TABLE stocksync_cache")


class Migration(migrations.Migration):
    operations = [migrations.RunPython(make, drop)]
