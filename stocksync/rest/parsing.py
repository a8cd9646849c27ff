"""Bodies are JSON, whatever the Content-Type says: `curl -d` claims to send a form."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

LARGEST_BODY = 2_500_000


class BodyTooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = f"The body is larger than {LARGEST_BODY:,} bytes."


class AnyTypeParser(JSONParser):
    """Refuses with a sentence what is no JSON, too large, nested without end, or no text."""

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
        return body


class Parser(AnyTypeParser):
    """The one that the OpenAPI description tells of."""

    media_type = "application/json"
