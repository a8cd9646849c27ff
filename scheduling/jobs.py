"""The jobs of scheduling itself, and the faults that it looks for."""

from datetime import timedelta
from typing import Any

from pydantic import Field

from scheduling import clock, faults, housekeeping, incidents
from scheduling.context import Context
from scheduling.registry import JobKwargs, job

LONGEST_DAYS = 36_500


class Retention(JobKwargs):
    """How long records are kept."""

    execution_days: int = Field(
        90, ge=1, le=LONGEST_DAYS, description="Days to keep ended executions, with their log lines."
    )
    keep_last: int = Field(20, ge=0, le=10_000, description="Latest executions of each job to keep whatever their age.")
    result_days: int = Field(90, ge=1, le=LONGEST_DAYS, description="Days to keep Celery's own results.")
    incident_days: int = Field(365, ge=1, le=LONGEST_DAYS, description="Days to keep incidents that are over.")


@job("housekeeping", title="Housekeeping", default_cron="30 3 * * *", kwargs_model=Retention, policies={"priority": 1})
def keep_house(
    context: Context, execution_days: int, keep_last: int, result_days: int, incident_days: int
) -> dict[str, Any]:
    """Delete old executions with their log lines, Celery's old results, and incidents long over. What is queued or runs
    is never touched, and of each job the latest executions stay."""
    now = clock.now()
    deleted = housekeeping.delete_executions(now - timedelta(days=execution_days), keep_last, context.checkpoint)
    deleted["results"] = housekeeping.delete_results(now - timedelta(days=result_days), context.checkpoint)
    deleted["incidents"] = housekeeping.delete_incidents(now - timedelta(days=incident_days), context.checkpoint)
    return deleted


incidents.register(faults.RUN, faults.failed_runs)
incidents.register(faults.SILENT, faults.silent_processes)
incidents.register(faults.STUCK, faults.stuck_queues)
incidents.register(faults.DISK, faults.full_disks, host=faults.HOST)
incidents.register(faults.CLOCK, faults.clocks_apart, host=faults.HOST)
