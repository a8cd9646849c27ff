"""Pools: how many executions run at once, across the jobs that name one."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from scheduling.models import Pool


@admin.register(Pool)
class PoolAdmin(ModelAdmin):
    list_display = ("name", "slots")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Jobs know their pool by its name."""
        return ("name",) if obj else ()
