"""The job that deletes records of the data's making that nobody needs any more."""

from datetime import timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone
from pydantic import Field

from market_data.models import CallTally, Revision, SyncRequest
from market_data.queries.measuring import count_calls
from scheduling import housekeeping
from scheduling.context import Context
from scheduling.registry import JobKwargs, job

LONGEST_DAYS = 36_500
State = SyncRequest.State
ENDED = (State.DONE, State.SPLIT, State.FAILED, State.CANCELLED)


class Retention(JobKwargs):
    """How long records are kept."""

    request_days: int = Field(90, ge=1, le=LONGEST_DAYS, description="Days to keep the requests of sync tasks.")
    revision_days: int = Field(
        3650, ge=1, le=LONGEST_DAYS, description="Days to keep what rows were before their source changed them."
    )


@job("tidy_data", title="Tidy the data's records", default_cron="45 3 * * *", kwargs_model=Retention)
def tidy_data(context: Context, request_days: int, revision_days: int) -> dict[str, Any]:
    """Delete the requests of sync tasks that ended long ago, and very old revisions. Sync tasks, bars and reports stay,
    and so does what is still to be asked."""
    now = timezone.now()
    requests = SyncRequest.objects.filter(state__in=ENDED, finished_at__lt=now - timedelta(days=request_days))
    revisions = Revision.objects.filter(revised_at__lt=now - timedelta(days=revision_days))
    return {
        "requests": housekeeping.delete(requests, context.checkpoint, _keep_tally).total(),
        "revisions": housekeeping.delete(revisions, context.checkpoint).total(),
    }


def _keep_tally(requests: QuerySet[SyncRequest]) -> None:
    for (provider, interface, outcome), count in count_calls(requests).items():
        tally, _ = CallTally.objects.get_or_create(provider=provider, interface=interface, outcome=outcome)
        CallTally.objects.filter(id=tally.id).update(count=F("count") + count)
