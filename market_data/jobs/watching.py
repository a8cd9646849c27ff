"""The faults of the data that people are told of, and the data's lines in the daily digest."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, F
from django.utils import timezone

from market_data.exceptions import Permanent, RateLimited
from market_data.models import SyncFailureRecord, SyncTask
from market_data.providers.tushare_errors import error_for
from market_data.queries import measuring
from scheduling import incidents, notifying
from scheduling.incidents import Fault
from scheduling.models import Incident

LATE, SUSPECT, FAILURES, REFUSED = "late", "suspect", "failures", "refused"
KEPT_UP_WITHIN = 20
LOOKED_BACK = timedelta(days=1)
LONGEST_TEXT = 200


def late_datasets() -> Iterator[Fault]:
    """Datasets whose newest days are not settled hours after they were due. One that nobody kept up lately is not."""
    known = set(Incident.objects.filter(kind=LATE, closed_at=None).values_list("key", flat=True))
    for dataset, sessions in measuring.late():
        if sessions <= KEPT_UP_WITHIN or f"{LATE}:{dataset}" in known:
            text = f"{dataset} is late: {sessions} due {'day is' if sessions == 1 else 'days are'} not complete."
            yield Fault(dataset, f"{text} See `gaps {dataset}`; `sync {dataset}` brings them.")


def suspect_days() -> Iterator[Fault]:
    for dataset, count in measuring.suspect():
        advice = f"`gaps {dataset}` shows them, and `gaps {dataset} --accept DAY` takes one for right."
        yield Fault(dataset, f"{dataset} has {count} suspect days: their answers were not plausible. {advice}")


def waiting_failures() -> Iterator[Fault]:
    """Failures that no run takes up any more."""
    waiting = SyncFailureRecord.objects.filter(resolved_at=None, retry_count__gte=F("max_retries")).order_by()
    for dataset, count in waiting.values_list("dataset").annotate(Count("id")):
        advice = f"Look at them in the admin; `retry_failures --dataset {dataset}` asks again."
        yield Fault(dataset, f"{count} failures of {dataset} wait for a person. {advice}")


def refusals() -> Iterator[Fault]:
    """What the provider refused at the end of a dataset's latest task: more calls, or the account altogether."""
    latest: dict[str, SyncTask] = {}
    for task in SyncTask.objects.filter(updated_at__gt=timezone.now() - LOOKED_BACK).order_by("updated_at"):
        latest[task.dataset] = task
    for dataset, task in latest.items():
        error = error_for(task.reason) if task.status == SyncTask.Status.FAILED else None
        if isinstance(error, RateLimited):
            advice = "Lower TUSHARE_RATE_LIMIT_MAX_CALLS or TUSHARE_DAILY_MAX_CALLS, or wait until the quota is new."
        elif isinstance(error, Permanent):
            advice = "Look at TUSHARE_TOKEN, and at the points and addresses of the account."
        else:
            continue
        yield Fault(dataset, f"The provider refuses {dataset}: {task.reason[:LONGEST_TEXT]} {advice}")


def _digest() -> Iterator[str]:
    for (dataset,), sessions in measuring.sessions_behind():
        yield f"{dataset}: " + ("complete" if not sessions else f"{sessions} due days are not complete") + "."


incidents.register(LATE, late_datasets)
incidents.register(SUSPECT, suspect_days)
incidents.register(FAILURES, waiting_failures)
incidents.register(REFUSED, refusals)
notifying.register_digest(_digest)
