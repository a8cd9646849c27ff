"""Lists are plain arrays; their length and neighbours stand in the headers."""

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response

FURTHEST_OFFSET = 10**9


class HeaderPagination(LimitOffsetPagination):
    """`limit` and `offset`; X-Total-Count and Link (next, prev) in the answer."""

    default_limit = 100
    max_limit = 1000

    def get_limit(self, request: Request) -> int:
        return _number(request, self.limit_query_param, 1, self.max_limit or 1, self.default_limit or 1)

    def get_offset(self, request: Request) -> int:
        return _number(request, self.offset_query_param, 0, FURTHEST_OFFSET, 0)

    def get_paginated_response(self, data: Any) -> Response:
        links = {"next": self.get_next_link(), "prev": self.get_previous_link()}
        headers = {"X-Total-Count": str(self.count)}
        if any(links.values()):
            headers["Link"] = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items() if url)
        return Response(data, headers=headers)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        bounds = {self.limit_query_param: (1, self.max_limit), self.offset_query_param: (0, FURTHEST_OFFSET)}
        found = super().get_schema_operation_parameters(view)
        for parameter in found:
            least, most = bounds[parameter["name"]]
            parameter["schema"] |= {"minimum": least, "maximum": most}
        return found

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        return dict(schema)


def _number(request: Request, name: str, least: int, most: int, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most:
        return int(text)
    raise ValidationError({name: f"{text!r} is not a number from {least} to {most}."})
