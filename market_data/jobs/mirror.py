"""The job that keeps the copy of stored bars in columns current."""

from market_data.queries import mirror
from scheduling.context import Context, Outcome, Status
from scheduling.registry import JobKwargs, job


@job("refresh_mirror", title="Copy in columns", default_cron="20 18-20,23 * * *", kwargs_model=JobKwargs)
def refresh_mirror(context: Context) -> Outcome:
    """Write the years and months that changed into the Parquet files that large reads take. Nothing is asked of a
    provider, and reads are right without it, only slower."""
    if not mirror.is_on():
        return Outcome(Status.SKIPPED, message="MIRROR_DIR is off.")
    made: dict[str, int] = {}
    for dataset in mirror.mirrored_datasets():
        made |= mirror.refresh([dataset])
        context.checkpoint()
    return Outcome(Status.SUCCESS, {"files": made})
