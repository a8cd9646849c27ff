"""Bodies are JSON, whatever the Content-Type says: `curl -d` claims to send a form."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.parsers import JSONParser

LARGEST_BODY = 2_500_000
DEEPEST_BODY = 32


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = f"The body is larger than {LARGEST_BODY:,} bytes."


class AnyTypeParser(JSONParser):
    """Refuses with a sentence what is no JSON, too large, nested without end, or not to be stored."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        length = parser_context["request"].META.get("CONTENT_LENGTH") if parser_context else None
        if length and int(length) > LARGEST_BODY:
            raise BodyTooLarge
        try:
            body: dict[str, Any] = super().parse(stream, media_type, parser_context)
            # Half of a surrogate pair is JSON, but no database takes it.
            json.dumps(body, ensure_ascii=False).encode()
        except (ParseError, RecursionError, UnicodeError) as error:
            raise ParseError("The body is not JSON.") from error
        _check(body)
        return body


def _check(body: Any) -> None:
    """Refuse what is JSON but cannot be stored in every database; the outermost field is named."""
    for field, value in body.items() if isinstance(body, dict) else [("", body)]:
        if reason := _flaw({field: value}):
            sentence = f"{reason}."
            raise ValidationError({field.replace("\0", ""): sentence} if field else sentence)


def _flaw(value: Any, depth: int = 0) -> str:
    if depth > DEEPEST_BODY:
        return f"It is nested more than {DEEPEST_BODY} deep"
    if isinstance(value, str):
        return "It has a NUL character" if "\0" in value else ""
    if isinstance(value, float):
        return "" if math.isfinite(value) else "It is larger than any number"
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return next(filter(None, (_flaw(part, depth + 1) for part in parts)), "")


class Parser(AnyTypeParser):
    """The one that the OpenAPI description tells of."""

    media_type = "application/json"
