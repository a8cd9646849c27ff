"""What the OpenAPI description says about every operation."""

from typing import Any

from rest_framework.request import Request

ERROR = {
    "description": "An error, in one sentence.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
ERROR_BODY = {
    "type": "object",
    "required": ["code", "message", "field"],
    "properties": {
        "code": {"type": "string", "description": "A word for programs."},
        "message": {"type": "string", "description": "A sentence for people."},
        "field": {"type": "string", "nullable": True, "description": "What to correct, where it is one thing."},
    },
}


def complete(result: dict[str, Any], generator: Any, request: Request | None, public: bool) -> dict[str, Any]:
    """Give every operation the shape of its errors, and write addresses without the slash that they may end in."""
    result["paths"] = {path.rstrip("/"): operations for path, operations in result["paths"].items()}
    result["components"]["schemas"]["Error"] = {
        "type": "object",
        "required": ["error"],
        "properties": {"error": ERROR_BODY},
    }
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = ERROR
    return result
