"""The default schedules that code declares: what is missing is created, what is there stays as it is."""

from scheduling import control, registry
from scheduling.exceptions import JobAlreadyExists
from scheduling.models import JobConfig
from scheduling.registry import Job


def install_schedules() -> tuple[list[str], list[str]]:
    """The ids of the jobs created, and of those kept as they were."""
    created: list[str] = []
    kept: list[str] = []
    for declared in registry.all_jobs():
        if not declared.is_template:
            (created if install(declared) else kept).append(declared.name)
    return created, kept


def install(declared: Job) -> bool:
    """Create the job with its default schedule and policies; False where it is there."""
    if JobConfig.objects.filter(job_id=declared.name).exists():
        return False
    schedule = control.cron(declared.default_cron, declared.default_timezone) if declared.default_cron else None
    try:
        control.create(declared.name, schedule=schedule, enabled=declared.is_enabled)
    except JobAlreadyExists:
        return False
    return True
