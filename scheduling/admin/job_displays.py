"""What the list of jobs and a job's page show that is no field."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from scheduling import beat_rows, queries
from scheduling.admin import schedule_text
from scheduling.admin.display import clock_time, duration, link, status_text, warning
from scheduling.admin.run_strip import strip
from scheduling.models import Execution, JobConfig

HISTORY_SHOWN = 20


def with_last_runs(configs: QuerySet[JobConfig]) -> QuerySet[JobConfig]:
    """The same configs, read together with their schedules and their last executions that started."""
    started = Execution.objects.filter(job_id=OuterRef("job_id"), started_at__isnull=False).order_by("-started_at")
    return (
        beat_rows.with_schedules(configs)
        .select_related("run_after")
        .annotate(last_execution=Subquery(started.values("id")[:1]), last_status=Subquery(started.values("status")[:1]))
    )


def history(job_id: str) -> list[dict[str, Any]]:
    """The latest executions of a job, newest first, as text."""
    return [
        {
            "queued": link(clock_time(execution.queued_at), "scheduling_execution_change", execution.id),
            "trigger": execution.get_trigger_display(),
            "status": status_text(execution.status),
            "duration": duration(execution.duration_ms),
            "message": execution.error_message,
        }
        for execution in queries.recent_executions(job_id, HISTORY_SHOWN)
    ]


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: "admin.ModelAdmin[Any]") -> Iterable[tuple[str, str]]:
        return [("enabled", gettext("Enabled")), ("disabled", gettext("Disabled")), ("paused", gettext("Paused"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        enabled = queries.enabled_jobs().values("pk")
        if self.value() == "paused":
            return queryset.exclude(paused_at=None)
        if self.value() == "disabled":
            return queryset.exclude(pk__in=enabled)
        return queryset.filter(pk__in=enabled) if self.value() == "enabled" else queryset


class JobDisplays:
    """Columns and read-only lines."""

    @admin.display(description=_("runs"))
    def runs_in_full(self, config: JobConfig) -> str:
        declared = config.declaration
        return (
            format_html("{}<p>{}</p>", gettext(declared.title), gettext(declared.description))
            if declared
            else _unknown(config)
        )

    @admin.display(description=_("job name"), ordering="job_name")
    def name_shown(self, config: JobConfig) -> str:
        return gettext(config.job_name)

    @admin.display(description=_("schedule"))
    def schedule_sentence(self, config: JobConfig) -> str:
        return schedule_text.sentence(config)

    @admin.display(description=_("to know"))
    def schedule_warnings(self, config: JobConfig) -> str:
        return schedule_text.warnings(config)

    @admin.display(description=_("enabled"), boolean=True)
    def is_enabled(self, config: JobConfig) -> bool:
        return config.enabled

    @admin.display(description=_("interval in seconds"))
    def interval(self, config: JobConfig) -> int | None:
        return getattr(config.schedule, "seconds", None)

    @admin.display(description=_("last run"), ordering="last_run_at")
    def last_run(self, config: Any) -> str:
        if config.last_run_at is None:
            return gettext("never")
        at = clock_time(config.last_run_at)
        if config.last_execution is None:
            return at
        return format_html(
            "{} {}", link(at, "scheduling_execution_change", config.last_execution), status_text(config.last_status)
        )

    @admin.display(description=_("last runs"))
    def last_runs(self, config: Any) -> str:
        return strip(config.latest_runs)

    @admin.display(description=_("next run"))
    def next_run(self, config: JobConfig) -> str:
        return schedule_text.next_runs(config, 1)

    @admin.display(description=_("next runs"))
    def next_five_runs(self, config: JobConfig) -> str:
        """In words and moments; what is typed above takes their place."""
        return format_html(
            '<div id="schedule-preview" aria-live="polite"><p class="r-strong">{}</p>{}</div>',
            schedule_text.sentence(config),
            schedule_text.next_runs(config, 5),
        )

    @admin.display(description=_("note"))
    def note(self, config: JobConfig) -> str:
        if config.declaration is None:
            return _unknown(config)
        if config.paused_at is None:
            return config.note or "-"
        return gettext("Paused since %(time)s: %(note)s") % {
            "time": clock_time(config.paused_at),
            "note": config.pause_note or gettext("no note was left"),
        }


def _unknown(config: JobConfig) -> str:
    return warning(gettext("unknown: no code declares %(type)s") % {"type": config.job_type})
