"""Sync tasks: listed with their progress, paused, resumed, cancelled."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, inline_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from market_data import background
from market_data.api.errors import Conflict
from market_data.engine.running import tasks
from market_data.exceptions import UsageError
from market_data.models import SyncTask
from market_data.queries.progress import progress_of, with_progress


class Progress(serializers.Serializer[dict[str, Any]]):
    requests_done = serializers.IntegerField()
    requests_planned = serializers.IntegerField()
    rows = serializers.IntegerField()
    requests_per_minute = serializers.FloatField(allow_null=True)
    seconds_left = serializers.IntegerField(allow_null=True)


class SyncTaskSerializer(serializers.ModelSerializer[SyncTask]):
    progress = serializers.SerializerMethodField()

    class Meta:
        model = SyncTask
        fields = (
            "id",
            "job_type",
            "dataset",
            "status",
            "wanted",
            "reason",
            "config",
            "progress",
            "current_offset",
            "batch_size",
            "total_processed",
            "started_at",
            "updated_at",
            "completed_at",
        )

    @extend_schema_field(Progress)
    def get_progress(self, task: SyncTask) -> dict[str, Any]:
        return progress_of(task)


RESUMED_REPLY = inline_serializer(
    "SyncTaskResumed", {"message": serializers.CharField(), "execution_id": serializers.UUIDField()}
)


class SyncTaskViewSet(ListModelMixin, GenericViewSet[SyncTask]):
    """Latest first."""

    serializer_class = SyncTaskSerializer
    queryset = SyncTask.objects.order_by("-updated_at", "-id")
    filterset_fields = ("dataset", "job_type", "status")
    lookup_field = "id"
    permissions = {
        "list": "market_data.view_synctask",
        "retrieve": "market_data.view_synctask",
        "pause": "market_data.change_synctask",
        "resume": "market_data.change_synctask",
        "cancel": "market_data.change_synctask",
    }

    def get_queryset(self) -> QuerySet[SyncTask]:
        return with_progress(super().get_queryset())

    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002
        """One sync task."""
        return Response(self._as_json(id))

    @extend_schema(request=None, responses={202: SyncTaskSerializer})
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, id: str) -> Response:  # noqa: A002
        """Have it stop after the requests in flight, and stay until it is resumed."""
        return self._order(id, tasks.pause)

    @extend_schema(request=None, responses={202: SyncTaskSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, id: str) -> Response:  # noqa: A002
        """Have it stop after the requests in flight, and forget the rest of its plan."""
        return self._order(id, tasks.cancel)

    @extend_schema(request=None, responses={202: RESUMED_REPLY})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, id: str) -> Response:  # noqa: A002
        """Have a worker go on with it."""
        task = self._task(id)
        if task.status not in (SyncTask.Status.PAUSED, SyncTask.Status.FAILED):
            raise Conflict(f"Task {task.id} is {task.status}; only a paused or failed one can be resumed.")
        reply = {"message": "A worker goes on with the task.", "execution_id": background.resume(str(task.id))}
        return Response(reply, status.HTTP_202_ACCEPTED)

    def _order(self, task_id: str, order: Callable[[str], SyncTask]) -> Response:
        task = self._task(task_id)
        try:
            order(str(task.id))
        except UsageError as error:
            raise Conflict(str(error)) from error
        return Response(self._as_json(task_id), status.HTTP_202_ACCEPTED)

    def _as_json(self, task_id: str) -> dict[str, Any]:
        return dict(SyncTaskSerializer(self._task(task_id)).data)

    def _task(self, task_id: str) -> SyncTask:
        try:
            return self.get_queryset().get(id=UUID(task_id))
        except (SyncTask.DoesNotExist, ValueError) as error:
            raise NotFound(f"There is no sync task {task_id}.") from error
