"""Errors that never reach an interface's own code, as JSON all the same: bad hosts, bad addresses, the unforeseen."""

import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from stocksync.rest.shape import error_body

INTERFACES = frozenset({"scheduler", "market-data", "dataapi", "schema"})
SENTENCES = {
    400: ("bad_request", "This request cannot be understood."),
    403: ("permission_denied", "This is not permitted."),
    404: ("not_found", "There is nothing at this address; /docs lists what there is."),
    405: ("method_not_allowed", "This address does not take this method."),
    408: ("too_slow", "The request did not arrive in time."),
    411: ("length_required", "Say how long the body is: send a Content-Length."),
    413: ("too_large", "The body is too large."),
    414: ("line_too_long", "The address is too long; ask for less at a time."),
    417: ("bad_request", "This expectation cannot be met."),
    429: ("throttled", "These are too many requests; wait a little."),
    431: ("headers_too_large", "The headers are too large."),
    501: ("not_implemented", "This way of sending a body is not understood; send a Content-Length."),
    503: ("unavailable", "This cannot be answered now; try again later."),
}
UNFORESEEN = ("server_error", "Something went wrong here; the log of the server has the trace.")
NUL = "Null characters are not allowed."
Answer = Callable[[HttpRequest], HttpResponseBase]


def body_for(status: int) -> bytes:
    """The JSON that goes with an HTTP status."""
    return json.dumps(error_body(*SENTENCES.get(status, UNFORESEEN))).encode()


class ErrorsAsJson:
    """The outermost middleware: what Django answers by itself below an interface's address gets the shape of errors."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        if answer.status_code < 400 or not isinstance(answer, HttpResponse) or not wants_json(request):
            return answer
        if not answer.headers.get("Content-Type", "").startswith("application/json"):
            _replace(answer, body_for(answer.status_code))
        return answer


class RefusesNul:
    """No database takes a NUL in a text: no address has one, and no parameter either."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path_info:
            return refusal(request, 404, *SENTENCES[404])
        if "%00" in request.META.get("QUERY_STRING", ""):
            for name, values in request.GET.lists():
                if any("\0" in text for text in (name, *values)):
                    shown = name.replace("\0", "")
                    return refusal(request, 400, "invalid", f"{shown}: {NUL}", shown)
        return self.get_response(request)


def refusal(request: HttpRequest, status: int, code: str, sentence: str, field: str | None = None) -> HttpResponse:
    """An answer in the shape that the one who asks reads."""
    if wants_json(request):
        return JsonResponse(error_body(code, sentence, field), status=status)
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")


def wants_json(request: HttpRequest) -> bool:
    """Whether this is asked by a program: below an interface, or of one that takes JSON and no pages."""
    accepted = request.headers.get("Accept", "")
    return request.path_info.split("/")[1:2] in [[name] for name in INTERFACES] or (
        "application/json" in accepted and "text/html" not in accepted
    )


def _replace(answer: HttpResponse, content: bytes) -> None:
    answer.content = content
    answer.headers["Content-Type"] = "application/json"
    if "Content-Length" in answer.headers:
        answer.headers["Content-Length"] = str(len(content))
