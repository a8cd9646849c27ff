"""The groups viewer, operator and admin."""

from django.db import migrations

from stocksync import roles


def make(apps, schema_editor):
    roles.install(schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [
        ("stocksync", "0001_cache_table"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("axes", "__first__"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_celery_beat", "__first__"),
        ("django_celery_results", "__first__"),
        ("knox", "__first__"),
        ("market_data", "0009_believed_answers"),
        ("scheduling", "0003_told_people"),
    ]
    # The groups stay where it is taken back: people are in them.
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
