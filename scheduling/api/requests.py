"""Bodies that the interface takes, checked for their types; what values mean is checked where they are used."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

TIME_OF_DAY = "([01][0-9]|2[0-3]):([0-5][0-9])"
LONGEST_KEY = 128
LONGEST_INTERVAL_MINUTES = 366 * 24 * 60


class JobFields(serializers.Serializer[dict[str, Any]]):
    """Fields of a job. Those that are left out stay as they are; null brings an argument's default back."""

    name = serializers.CharField(required=False, max_length=200)
    schedule_time = serializers.RegexField(
        f"^{TIME_OF_DAY}$",
        required=False,
        help_text="HH:MM: once a day at this time of the time zone.",
        error_messages={"invalid": "This is not a time of day; write HH:MM, such as 17:00."},
    )
    cron_expression = serializers.CharField(required=False, help_text="Five fields, in place of schedule_time.")
    timezone = serializers.CharField(required=False)
    interval_minutes = serializers.IntegerField(required=False, min_value=1, max_value=LONGEST_INTERVAL_MINUTES)
    is_active = serializers.BooleanField(required=False)
    job_kwargs = serializers.DictField(required=False, help_text="The arguments of a job that is no template.")


class JobChange(JobFields):
    """Changes of a job."""

    updated_at = serializers.DateTimeField(
        required=False, help_text="As it was read: what somebody else has edited since is then not overwritten."
    )


class NewJob(JobFields):
    """A job to create."""

    job_id = serializers.RegexField(
        r"^[\w.:-]{1,100}$",
        required=False,
        help_text="Made up where it is left out.",
        error_messages={"invalid": "At most 100 letters, digits and any of _ . : - make an id."},
    )
    job_type = serializers.CharField(required=False, help_text="The declared job to run.")


class NewSchedule(serializers.Serializer[dict[str, Any]]):
    cron_expression = serializers.CharField(help_text="Minute, hour, day of month, month, day of week.")
    timezone = serializers.CharField(required=False, help_text="Left out: the job's own.")


class Start(serializers.Serializer[dict[str, Any]]):
    interval_minutes = serializers.IntegerField(min_value=1, max_value=LONGEST_INTERVAL_MINUTES, required=False)


class Trigger(serializers.Serializer[dict[str, Any]]):
    kwargs = serializers.DictField(required=False, help_text="They go over the job's own arguments.")


class JobListQuery(serializers.Serializer[dict[str, Any]]):
    active_only = serializers.BooleanField(required=False, help_text="Leave out what is switched off.")


def read_body(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body, checked. Raises ValidationError."""
    body = kind(data=object_of(request))
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def object_of(request: Request) -> Mapping[str, Any]:
    """The body as an object. Raises ValidationError for any other JSON."""
    if not isinstance(request.data, Mapping):
        raise ValidationError("The body is not a JSON object.")
    return request.data


def seen_at(request: Request) -> datetime | None:
    """The edit that If-Match names, as the header ETag of a job does. Raises ValidationError for another text."""
    text = request.headers.get("If-Match", "*").strip()
    if text == "*":
        return None
    try:
        moment = datetime.fromisoformat(text.removeprefix("W/").strip('"'))
    except ValueError as error:
        raise ValidationError({"If-Match": "Send the ETag of the job as it was read."}) from error
    if moment.tzinfo is None:
        raise ValidationError({"If-Match": "Send the ETag of the job as it was read."})
    return moment


def idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key and len(key) > LONGEST_KEY:
        raise ValidationError({"Idempotency-Key": f"A key has at most {LONGEST_KEY} characters."})
    return key or None


def split(given: Mapping[str, Any], kind: type[serializers.Serializer[Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The job's own fields, checked, and what is left: arguments of a template."""
    own = kind().fields
    body = kind(data={name: value for name, value in given.items() if name in own})
    body.is_valid(raise_exception=True)
    return dict(body.validated_data), {name: value for name, value in given.items() if name not in own}
