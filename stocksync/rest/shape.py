"""The one shape of every error."""

from typing import Any


def error_body(code: str, message: str, field: str | None = None) -> dict[str, Any]:
    """`code` is for programs, `message` a sentence for people, `field` what to correct where it is one thing."""
    return {"error": {"code": code, "message": message, "field": field}}
