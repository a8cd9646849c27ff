"""Open failures by what there is to do about them: those of a dataset that are alike are one line."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, F, Max, QuerySet, Value, When
from django.utils.translation import gettext, ngettext

from market_data.admin.words import moment_words, number, title_of
from market_data.engine.ledger import clock
from market_data.models import SyncFailureRecord

SOURCE, PERSON, TODAY = "source", "person", "today"


@dataclass(frozen=True)
class Group:
    """Alike: of one dataset, with tries left or without."""

    dataset: str
    count: int
    newest: datetime
    example: str

    @property
    def sentence(self) -> str:
        told = ngettext(
            "%(dataset)s: %(count)s failure, last tried %(time)s.",
            "%(dataset)s: %(count)s failures, last tried %(time)s.",
            self.count,
        )
        values = {"count": number(self.count), "time": moment_words(self.newest)}
        return told % {"dataset": title_of(self.dataset) if self.dataset else gettext("No dataset"), **values}


@dataclass(frozen=True)
class Groups:
    """`source` are asked for again by themselves, `person` are not."""

    source: list[Group]
    person: list[Group]


def groups() -> Groups:
    """In one question, of the open ones alone."""
    has_tries = Case(When(retry_count__lt=F("max_retries"), then=Value(True)), default=Value(False))
    rows = SyncFailureRecord.objects.filter(resolved_at=None).order_by()
    alike = rows.annotate(has_tries=has_tries).values("has_tries", "dataset")
    newest_first = alike.annotate(count=Count("id"), newest=Max("last_attempt_at"), example=Max("error_message"))
    found: dict[bool, list[Group]] = {True: [], False: []}
    for row in newest_first.order_by("-newest"):
        found[row["has_tries"]].append(Group(row["dataset"], row["count"], row["newest"], row["example"]))
    return Groups(found[True], found[False])


def of_stage(
    records: "QuerySet[SyncFailureRecord, SyncFailureRecord]", stage: str
) -> "QuerySet[SyncFailureRecord, SyncFailureRecord]":
    """Those that wait for the source, for a person, or were resolved today."""
    if stage == TODAY:
        midnight = clock.now().astimezone(clock.SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
        return records.filter(resolved_at__gte=midnight, resolved_at__lt=midnight + timedelta(days=1))
    open_ones = records.filter(resolved_at=None)
    if stage == SOURCE:
        return open_ones.filter(retry_count__lt=F("max_retries"))
    return open_ones.filter(retry_count__gte=F("max_retries"))
