"""The span of days that requests name."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

DAY_FORMATS = ["%Y-%m-%d", "%Y%m%d"]


class WindowQuery(serializers.Serializer[dict[str, Any]]):
    start = serializers.DateField(required=False, input_formats=DAY_FORMATS, help_text="First day.")
    end = serializers.DateField(required=False, input_formats=DAY_FORMATS, help_text="Last day.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        start, end = given.get("start"), given.get("end")
        if start and end and start > end:
            raise ValidationError({"start": f"{start} is after the end {end}."})
        return given
