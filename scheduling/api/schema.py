"""OpenAPI: the arguments of templates are fields of jobs."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension

from scheduling.api import template_kwargs


class JobFields(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    target_class = "scheduling.api.presenting.JobSerializer"

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        described = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        described["properties"] |= template_kwargs.schema_properties()
        return described


class NewJobFields(JobFields):  # type: ignore[no-untyped-call]
    target_class = "scheduling.api.requests.NewJob"


class JobChangeFields(JobFields):  # type: ignore[no-untyped-call]
    target_class = "scheduling.api.requests.JobChange"
