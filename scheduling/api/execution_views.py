"""Executions: listed, read, ended, run again; and how the scheduler is."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet, ViewSet

from scheduling import queries, running
from scheduling.api.presenting import ExecutionSerializer, LineSerializer
from scheduling.context import Status
from scheduling.models import Execution

CONTROLLED_REPLY = inline_serializer(
    "ExecutionControlled",
    {
        "message": serializers.CharField(),
        "execution_id": serializers.UUIDField(),
        "status": serializers.ChoiceField(Status.choices),
    },
)


NEXT_RUN = inline_serializer(
    "NextRun", {"job_id": serializers.CharField(), "at": serializers.DateTimeField()}, many=True
)
PROCESSES = inline_serializer(
    "Process",
    {
        "process": serializers.CharField(),
        "heartbeat_age_seconds": serializers.FloatField(),
        "clock_offset_seconds": serializers.FloatField(help_text="How far its clock is ahead of the database's."),
    },
    many=True,
)
STATUS_REPLY = inline_serializer(
    "SchedulerStatus",
    {
        "is_running": serializers.BooleanField(help_text="A beat process leads."),
        "active_jobs_count": serializers.IntegerField(),
        "total_jobs_count": serializers.IntegerField(),
        "succeeded": serializers.IntegerField(help_text="Executions."),
        "partial": serializers.IntegerField(),
        "failed": serializers.IntegerField(),
        "running": serializers.IntegerField(),
        "queued": serializers.IntegerField(),
        "average_duration_ms": serializers.FloatField(allow_null=True),
        "next_runs": NEXT_RUN,
        "processes": PROCESSES,
        "clock_warnings": serializers.ListField(
            child=serializers.CharField(), help_text="A sentence for each process whose clock is off by 2 s or more."
        ),
    },
)


class ExecutionViewSet(ListModelMixin, GenericViewSet[Execution]):
    """Newest first."""

    serializer_class = ExecutionSerializer
    queryset = Execution.objects.order_by("-queued_at", "-id")
    filterset_fields = ("job_id", "status")
    lookup_field = "id"
    permissions = {
        "list": "scheduling.view_execution",
        "retrieve": "scheduling.view_execution",
        "log": "scheduling.view_execution",
        "cancel": "scheduling.change_execution",
        "retry": "scheduling.add_execution",
    }

    def retrieve(self, request: Request, id: str) -> Response:  # noqa: A002
        """One execution."""
        return Response(ExecutionSerializer(running.get_execution(id)).data)

    @extend_schema(responses=LineSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def log(self, request: Request, id: str) -> Response:  # noqa: A002
        """The lines that the run left, oldest first."""
        lines = running.get_execution(id).lines.order_by("id")
        return Response(LineSerializer(lines, many=True).data)

    @extend_schema(request=None, responses={200: CONTROLLED_REPLY, 202: CONTROLLED_REPLY})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, id: str) -> Response:  # noqa: A002
        """End a queued run at once (200), and a running one at its next checkpoint (202)."""
        execution = running.cancel(id)
        if execution.status == Status.CANCELLED:
            return _reply("Execution cancelled successfully", execution, status.HTTP_200_OK)
        return _reply("Execution will end at its next checkpoint", execution, status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: CONTROLLED_REPLY})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, id: str) -> Response:  # noqa: A002
        """Queue a new run with the arguments of an ended one."""
        return _reply("Execution retried successfully", running.retry(id), status.HTTP_202_ACCEPTED)


class StatusViewSet(ViewSet):
    permissions = {"show": "scheduling.view_jobconfig"}

    @extend_schema(responses=STATUS_REPLY)
    def show(self, request: Request) -> Response:
        """Whether the scheduler runs, with the figures of all jobs."""
        figures = queries.figures()
        next_runs = [{**run, "at": timezone.localtime(run["at"])} for run in figures["next_runs"]]
        return Response({**figures, "next_runs": next_runs})


def _reply(message: str, execution: Execution, code: int) -> Response:
    return Response({"message": message, "execution_id": execution.id, "status": execution.status}, code)
