"""What a first start still lacks; the list ticks itself off."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from market_data.models import TradingDay
from market_data.queries.freshness import Standing
from scheduling import leases
from scheduling.models import Execution


@dataclass(frozen=True)
class Step:
    done: bool
    title: str
    what_to_do: str


def steps(standings: Sequence[Standing]) -> list[Step]:
    """Token, database, worker, beat, calendar, first sync."""
    has_token = bool(settings.TUSHARE_TOKEN) or bool(settings.DEMO)
    return [
        Step(has_token, gettext("Tushare token"), gettext("Put TUSHARE_TOKEN into .env and start stocksync again.")),
        Step(True, gettext("Database"), ""),
        Step(_worker_lives(), gettext("Worker"), gettext("Start the workers: python manage.py start.")),
        Step(leases.is_held(leases.LEADER), gettext("Beat"), gettext("Start beat: python manage.py start.")),
        Step(
            TradingDay.objects.exists(), gettext("Trading calendar"), gettext("It comes with the first sync by itself.")
        ),
        Step(
            any(standing.rows for standing in standings),
            gettext("First sync"),
            gettext("Press Sync now beside a dataset, or open Back-fill."),
        ),
    ]


def _worker_lives() -> bool:
    """Whether a worker has taken a run lately."""
    lately = timezone.now() - timedelta(hours=1)
    return Execution.objects.filter(started_at__gte=lately).exclude(worker="").exists()
