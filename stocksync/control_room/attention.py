"""What needs a person, each with the one button that answers it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, Model, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext

from market_data.admin.shapes import shape
from market_data.admin.tables import may_view
from market_data.admin.words import moment_words, number, title_of
from market_data.datasets import Parts
from market_data.models import WHOLE, CircuitState, InterfaceDenial, Partition, SyncFailureRecord
from market_data.queries.freshness import Standing
from scheduling.models import Incident, JobConfig

OF_A_KIND = 4
_CIRCUIT, _DENIAL, _FAULT = "circuit", "denial", "fault"
_TOLD_ALREADY = ("late", "suspect", "failures")
TEXT_SHOWN = 160


@dataclass(frozen=True)
class Need:
    """`posts`: the button sends a form; else it leads to a page. `action` is what outside checks know it by."""

    shape: SafeString
    text: str
    button: str = ""
    address: str = ""
    posts: bool = False
    action: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    """What the form sends along."""


def of(request: HttpRequest, standings: Sequence[Standing]) -> list[Need]:
    """Suspect days first, then failures, paused jobs, hosts that refuse, interfaces that are denied, and other faults
    that go on, such as an audit's findings and clocks that are apart."""
    needs = list(_suspects(standings, _may_change(request, Partition)))
    for model, find in ((SyncFailureRecord, _failures), (JobConfig, _paused)):
        if may_view(request, model):
            needs += find(_may_change(request, model))
    return [*needs, *_troubles(request)]


def _may_change(request: HttpRequest, model: type[Model]) -> bool:
    return request.user.has_perm(f"{model._meta.app_label}.change_{model._meta.model_name}")


def _suspects(standings: Sequence[Standing], may: bool) -> Iterator[Need]:
    for standing in standings:
        if standing.suspect and standing.dataset.parts == Parts.WHOLE:
            text = gettext("%(dataset)s: the newest list is not plausible; what was stored stays.")
            fields = (("dataset", standing.dataset.name), ("start", WHOLE.isoformat()), ("end", WHOLE.isoformat()))
            accept = (gettext("Accept it"), reverse("admin:market_data_coverage_accept"), True, "accept", fields)
            yield Need(shape("suspect"), text % {"dataset": title_of(standing.dataset.name)}, *(accept if may else ()))
        elif standing.suspect:
            text = ngettext(
                "%(dataset)s: the answer for %(count)s day is not plausible.",
                "%(dataset)s: the answers for %(count)s days are not plausible.",
                standing.suspect,
            ) % {"dataset": title_of(standing.dataset.name), "count": number(standing.suspect)}
            place = reverse("admin:market_data_coverage", query={"dataset": standing.dataset.name})
            yield Need(shape("suspect"), text, gettext("Look"), place)


def _failures(may: bool) -> Iterator[Need]:
    del may
    open_ones = SyncFailureRecord.objects.filter(resolved_at=None).order_by("-last_attempt_at")
    for record in open_ones[:OF_A_KIND]:
        text = f"{title_of(record.dataset)} {record.third_code}: {Truncator(record.error_message).chars(TEXT_SHOWN)}"
        place = reverse("admin:market_data_syncfailurerecord_change", args=[record.pk])
        yield Need(shape("failed"), text, gettext("Look"), place)


def _paused(may: bool) -> Iterator[Need]:
    for config in JobConfig.objects.exclude(paused_at=None).order_by("-paused_at")[:OF_A_KIND]:
        since = moment_words(config.paused_at) if config.paused_at else ""
        text = gettext("%(job)s is paused since %(time)s: %(note)s") % {
            "job": gettext(config.job_name),
            "time": since,
            "note": config.pause_note or "–",
        }
        place = reverse("admin:room_resume_job", args=[config.pk])
        yield Need(shape("not_due"), text, *((gettext("Resume"), place, True, "resume") if may else ()))


def _troubles(request: HttpRequest) -> Iterator[Need]:
    """Hosts that refuse, interfaces that are denied and faults that people are told of, in one question.

    A fault that the first page says otherwise is left out.
    """
    may = _may_change(request, CircuitState)
    for kind, name, text, moment in _found(request):
        if kind == _CIRCUIT:
            told = gettext("%(host)s refuses us and is left alone until %(time)s.")
            place = reverse("admin:room_close_circuit", args=[name])
            button = (gettext("Ask now"), place, True, "close-circuit") if may else ()
            yield Need(shape("failed"), told % {"host": name, "time": moment_words(moment)}, *button)
        elif kind == _FAULT:
            place = reverse("admin:scheduling_incident_changelist")
            yield Need(shape("failed"), Truncator(text).chars(TEXT_SHOWN), gettext("Look"), place)
        else:
            told = gettext("The account may not call %(name)s: %(text)s")
            given = {"name": name, "text": Truncator(text).chars(TEXT_SHOWN)}
            yield Need(shape("absent"), told % given, gettext("Look"), reverse("admin:market_data_denials"))


def _found(request: HttpRequest) -> Sequence[tuple[str, str, str, datetime]]:
    """Kind, name, text and moment of those that the user may see."""
    parts: list[QuerySet[Any, Any]] = []
    if may_view(request, CircuitState):
        refusing = CircuitState.objects.filter(open_until__gt=timezone.now())
        kind = Value(_CIRCUIT, output_field=CharField())
        parts.append(refusing.values_list(kind, Cast("host", TextField()), "last_refusal", "open_until"))
    if may_view(request, InterfaceDenial):
        kind = Value(_DENIAL, output_field=CharField())
        denied = InterfaceDenial.objects.values_list(kind, Cast("api_name", TextField()), "message", "denied_at")
        parts.append(denied)
    if may_view(request, Incident):
        kind = Value(_FAULT, output_field=CharField())
        open_ones = Incident.objects.filter(closed_at=None).exclude(kind__in=_TOLD_ALREADY).order_by()
        parts.append(open_ones.values_list(kind, Cast("kind", TextField()), "text", "opened_at"))
    return list(parts[0].union(*parts[1:], all=True)[: len(parts) * OF_A_KIND]) if parts else []
