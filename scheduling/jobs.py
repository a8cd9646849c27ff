"""The jobs of scheduling itself."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from pydantic import Field

from scheduling import housekeeping
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


@job("housekeeping", title="Housekeeping", default_cron="30 3 * * *", kwargs_model=Retention, policies={"priority": 1})
def keep_house(context: Context, execution_days: int, keep_last: int, result_days: int) -> dict[str, Any]:
    """Delete old executions with their log lines, and Celery's old results. What is queued or runs is never touched,
    and of each job the latest executions stay."""
    now = timezone.now()
    deleted = housekeeping.delete_executions(now - timedelta(days=execution_days), keep_last, context.checkpoint)
    deleted["results"] = housekeeping.delete_results(now - timedelta(days=result_days), context.checkpoint)
    return deleted
