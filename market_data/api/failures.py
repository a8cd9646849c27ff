"""What was given up: listed, allowed to be tried again, resolved."""

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import F, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from market_data.api.errors import Conflict
from market_data.engine.running import failures
from market_data.models import WHOLE, SyncFailureRecord

FIELDS = (
    "id",
    "job_type",
    "dataset",
    "third_code",
    "error_message",
    "evidence",
    "symbols",
    "start_date",
    "end_date",
    "retry_count",
    "max_retries",
    "created_at",
    "last_attempt_at",
    "resolved_at",
)
RETRY_STATES = [("open", "tried again by the next run"), ("waiting", "waits for a person"), ("resolved", "resolved")]


class FailureSerializer(serializers.ModelSerializer[SyncFailureRecord]):
    start_date = serializers.DateField(allow_null=True)
    end_date = serializers.DateField(allow_null=True)

    class Meta:
        model = SyncFailureRecord
        fields = FIELDS

    def to_representation(self, record: SyncFailureRecord) -> dict[str, Any]:
        shown = super().to_representation(record)
        if record.start_date == WHOLE:
            shown |= {"start_date": None, "end_date": None}
        return shown


class FailureFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(choices=RETRY_STATES, method="in_state")

    class Meta:
        model = SyncFailureRecord
        fields = ("dataset", "job_type")

    def in_state(self, records: QuerySet[SyncFailureRecord], name: str, state: str) -> QuerySet[SyncFailureRecord]:
        if state == "resolved":
            return records.exclude(resolved_at=None)
        unresolved = records.filter(resolved_at=None)
        spent = unresolved.filter(retry_count__gte=F("max_retries"))
        return spent if state == "waiting" else unresolved.exclude(id__in=spent.values("id"))


class FailureViewSet(ListModelMixin, GenericViewSet[SyncFailureRecord]):
    """The last attempt first."""

    serializer_class = FailureSerializer
    queryset = SyncFailureRecord.objects.order_by("-last_attempt_at", "-id")
    filterset_class = FailureFilter
    lookup_field = "id"
    permissions = {
        "list": "market_data.view_syncfailurerecord",
        "retrieve": "market_data.view_syncfailurerecord",
        "retry": "market_data.change_syncfailurerecord",
        "resolve": "market_data.change_syncfailurerecord",
    }

    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002
        """One failure."""
        return Response(FailureSerializer(_record(id)).data)

    @extend_schema(request=None, responses=FailureSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, id: str) -> Response:  # noqa: A002
        """Forget its attempts: the next run over its days asks for it first."""
        record = _record(id)
        if not SyncFailureRecord.objects.filter(id=record.id, resolved_at=None).update(retry_count=0):
            raise Conflict(f"Failure {id} is resolved; there is nothing to try again.")
        return self.retrieve(request, id)

    @extend_schema(request=None, responses=FailureSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, id: str) -> Response:  # noqa: A002
        """Close it: it needs no more attempts."""
        failures.close(SyncFailureRecord.objects.filter(id=_record(id).id))
        return self.retrieve(request, id)


def _record(failure_id: str) -> SyncFailureRecord:
    try:
        return SyncFailureRecord.objects.get(id=UUID(failure_id))
    except (SyncFailureRecord.DoesNotExist, ValueError) as error:
        raise NotFound(f"There is no failure {failure_id}.") from error
