"""The runs of the last day in one line."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from market_data.admin.words import number
from scheduling.context import Status
from scheduling.models import Execution

RUNS_READ = 300
# Translators: how many runs ended so, as in "12 fine, 1 partial".
_WORDS: dict[str, Callable[[int], str]] = {
    Status.SUCCESS: lambda n: ngettext("%(n)s fine", "%(n)s fine", n),
    Status.PARTIAL: lambda n: ngettext("%(n)s partial", "%(n)s partial", n),
    Status.FAILED: lambda n: ngettext("%(n)s failed", "%(n)s failed", n),
    Status.SKIPPED: lambda n: ngettext("%(n)s skipped", "%(n)s skipped", n),
    Status.CANCELLED: lambda n: ngettext("%(n)s cancelled", "%(n)s cancelled", n),
    Status.LOST: lambda n: ngettext("%(n)s lost", "%(n)s lost", n),
}


def executions() -> list[Execution]:
    """The latest runs of the last 24 hours, newest first, those that go on included."""
    since = timezone.now() - timedelta(hours=24)
    return list(Execution.objects.filter(queued_at__gte=since).order_by("-queued_at")[:RUNS_READ])


def summary(runs: Sequence[Execution]) -> str:
    """Such as `14 runs: 12 fine, 1 partial, 1 skipped · 8,214 calls · 1,200,000 rows · 31 revised`."""
    ended = [run for run in runs if run.status in _WORDS]
    if not ended:
        return gettext("No run has ended in the last 24 hours.")
    counts = Counter(run.status for run in ended)
    parts = [words(counts[status]) % {"n": counts[status]} for status, words in _WORDS.items() if counts[status]]
    total = ngettext("%(n)s run", "%(n)s runs", len(ended)) % {"n": len(ended)}
    amounts = _amounts(ended)
    return " · ".join([f"{total}: {', '.join(parts)}", *amounts])


def _amounts(runs: Sequence[Execution]) -> list[str]:
    synced = [part for run in runs for part in _datasets(run.result)]
    words = {"calls": gettext("%(n)s calls"), "rows": gettext("%(n)s rows"), "updated": gettext("%(n)s revised")}
    totals = {name: sum(int(part.get(name) or 0) for part in synced) for name in words}
    return [text % {"n": number(totals[name])} for name, text in words.items() if totals[name]]


def _datasets(result: Any) -> list[dict[str, Any]]:
    found = result.get("datasets", []) if isinstance(result, dict) else []
    return [part for part in found if isinstance(part, dict)]
