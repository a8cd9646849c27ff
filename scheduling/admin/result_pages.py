"""django-celery-results' own pages, dressed like ours."""

from django.contrib import admin
from django_celery_results.admin import GroupResultAdmin, TaskResultAdmin
from django_celery_results.models import GroupResult, TaskResult
from unfold.admin import ModelAdmin

admin.site.unregister([TaskResult, GroupResult])


@admin.register(TaskResult)
class ResultAdmin(TaskResultAdmin, ModelAdmin):
    pass


@admin.register(GroupResult)
class ResultsAdmin(GroupResultAdmin, ModelAdmin):
    pass
