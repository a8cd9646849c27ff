"""Jobs: listed, made, changed, switched, scheduled, started."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from scheduling import control, queries, running
from scheduling.api import editing, presenting, requests
from scheduling.api.presenting import ExecutionSerializer, JobSerializer
from scheduling.models import Execution, JobConfig

Field = serializers.Field[Any, Any, Any, Any]


def _reply(name: str, **fields: Field) -> serializers.Serializer[Any]:
    """The shape of an answer that has a message."""
    return inline_serializer(name, {"message": serializers.CharField(), **fields})


MESSAGE_REPLY = _reply("Message")
CREATED_REPLY = _reply("JobCreated", job_id=serializers.CharField())
SCHEDULED_REPLY = _reply("JobScheduled", next_runs=serializers.ListField(child=serializers.DateTimeField()))
TRIGGERED_REPLY = _reply("JobTriggered", execution_id=serializers.UUIDField())
STATUS_REPLY = inline_serializer(
    "JobStatus",
    {
        "job_id": serializers.CharField(),
        "status": serializers.ChoiceField(presenting.JOB_STATUSES),
        "is_active": serializers.BooleanField(),
        "last_run": serializers.DateTimeField(allow_null=True),
        "next_runs": serializers.ListField(child=serializers.DateTimeField()),
        "last_execution": ExecutionSerializer(allow_null=True),
    },
)
KEY_HEADER = OpenApiParameter(
    "Idempotency-Key", location=OpenApiParameter.HEADER, description="The same key gives the same execution again."
)
SEEN_HEADER = OpenApiParameter(
    "If-Match",
    location=OpenApiParameter.HEADER,
    description="The ETag of the job as it was read: it is refused (412) where the job was edited since.",
)
NEXT_RUNS = 5


class JobViewSet(GenericViewSet[JobConfig]):
    serializer_class = JobSerializer
    lookup_field = "job_id"
    lookup_value_regex = "[^/]+"
    permissions = {
        "list": "scheduling.view_jobconfig",
        "retrieve": "scheduling.view_jobconfig",
        "status": "scheduling.view_jobconfig",
        "create": "scheduling.add_jobconfig",
        "update": "scheduling.change_jobconfig",
        "partial_update": "scheduling.change_jobconfig",
        "start": "scheduling.change_jobconfig",
        "stop": "scheduling.change_jobconfig",
        "schedule": "scheduling.change_jobconfig",
        "destroy": "scheduling.delete_jobconfig",
        "trigger": "scheduling.add_execution",
    }

    def get_queryset(self) -> QuerySet[JobConfig]:
        query = requests.JobListQuery(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        active = query.validated_data.get("active_only")
        return (queries.enabled_jobs() if active else JobConfig.objects.all()).order_by("job_id")

    @extend_schema(parameters=[requests.JobListQuery])
    def list(self, request: Request) -> Response:
        """The jobs, by id."""
        return self.get_paginated_response(presenting.as_list(self.paginate_queryset(self.get_queryset()) or []))

    @extend_schema(request=requests.NewJob, responses={201: CREATED_REPLY})
    def create(self, request: Request) -> Response:
        """Create a job. One without a type is of the type that this installation has for its users."""
        config = editing.create(requests.object_of(request))
        reply = {"message": "Job created successfully", "job_id": config.job_id}
        return Response(reply, status.HTTP_201_CREATED)

    def retrieve(self, request: Request, job_id: str) -> Response:
        """One job. Its ETag names its latest edit, for If-Match."""
        job = presenting.as_json(control.get(job_id))
        return Response(job, headers={"ETag": f'"{job["updated_at"]}"'})

    @extend_schema(request=requests.JobChange, responses=MESSAGE_REPLY, parameters=[SEEN_HEADER])
    def update(self, request: Request, job_id: str) -> Response:
        """Change the fields that are given, and no others."""
        editing.change(job_id, requests.object_of(request), requests.seen_at(request))
        return _message("Job updated successfully")

    @extend_schema(request=requests.JobChange, responses=MESSAGE_REPLY, parameters=[SEEN_HEADER])
    def partial_update(self, request: Request, job_id: str) -> Response:
        """Change the fields that are given, as PUT does."""
        return self.update(request, job_id)

    @extend_schema(responses={200: MESSAGE_REPLY})
    def destroy(self, request: Request, job_id: str) -> Response:
        """Delete the job with its schedule, and cancel its open runs; its executions stay."""
        control.delete(job_id)
        return _message("Job deleted successfully")

    @extend_schema(request=requests.Start, responses=MESSAGE_REPLY)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, job_id: str) -> Response:
        """Switch the job on, with an interval where one is given, and end its pause."""
        body = requests.read_body(requests.Start, request)
        if "interval_minutes" in body:
            editing.put_on(job_id, control.interval(body["interval_minutes"] * 60))
        else:
            editing.activate(job_id)
        return _message("Job started successfully")

    @extend_schema(request=None, responses=MESSAGE_REPLY)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, job_id: str) -> Response:
        """Switch the job off; it stays, and a run that goes on is not ended."""
        control.disable(job_id)
        return _message("Job stopped successfully")

    @extend_schema(request=requests.NewSchedule, responses=SCHEDULED_REPLY)
    @action(detail=True, methods=["post"])
    def schedule(self, request: Request, job_id: str) -> Response:
        """Give the job this cron schedule, switch it on, and tell its next five runs."""
        body = requests.read_body(requests.NewSchedule, request)
        timezone = body.get("timezone") or control.get(job_id).timezone
        config = editing.put_on(job_id, control.cron(body["cron_expression"], timezone))
        runs = presenting.next_runs(config, NEXT_RUNS)
        return Response({"message": "Job scheduled successfully", "next_runs": runs})

    @extend_schema(request=requests.Trigger, responses={202: TRIGGERED_REPLY}, parameters=[KEY_HEADER])
    @action(detail=True, methods=["post"])
    def trigger(self, request: Request, job_id: str) -> Response:
        """Queue a run now, whether the job is switched on or not."""
        body = requests.read_body(requests.Trigger, request)
        execution = running.trigger_now(job_id, body.get("kwargs"), requests.idempotency_key(request))
        reply = {"message": "Job triggered successfully", "execution_id": execution.id}
        return Response(reply, status.HTTP_202_ACCEPTED)

    @extend_schema(responses=STATUS_REPLY)
    @action(detail=True, methods=["get"])
    def status(self, request: Request, job_id: str) -> Response:
        """What the job does now, did last, and does next."""
        config = control.get(job_id)
        job = presenting.as_json(config)
        last: Execution | None = queries.recent_executions(job_id, 1).first()
        return Response(
            {
                **{name: job[name] for name in ("job_id", "status", "is_active", "last_run")},
                "next_runs": presenting.next_runs(config, NEXT_RUNS),
                "last_execution": ExecutionSerializer(last).data if last else None,
            }
        )


def _message(text: str) -> Response:
    return Response({"message": text})
