"""Let the groups see the tables that have come since they were made."""

from django.db import migrations

from stocksync import roles


def add(apps, schema_editor):
    roles.install(schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [
        ("stocksync", "0002_roles"),
        ("market_data", "0011_data_changes"),
        ("scheduling", "0005_database_clock"),
    ]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
