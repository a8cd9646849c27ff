"""One shape for every error: {"error": {"code", "message", "field"}}."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView, exception_handler

from market_data.exceptions import MarketDataError, UsageError
from scheduling.exceptions import (
    ConfigurationError,
    ExecutionError,
    ExecutionNotFound,
    Held,
    JobAlreadyExists,
    JobNotFound,
    LostEdit,
    NotAsSeen,
    SchedulingError,
)
from stocksync.rest.shape import error_body
from stocksync.web.limits import RETRY_AFTER_SECONDS, TooSlow, is_too_slow

# In both tables the first class that fits counts.
OURS: tuple[tuple[type[Exception], int, str], ...] = (
    (JobNotFound, status.HTTP_404_NOT_FOUND, "job_not_found"),
    (JobAlreadyExists, status.HTTP_409_CONFLICT, "job_already_exists"),
    (ConfigurationError, status.HTTP_400_BAD_REQUEST, "configuration_error"),
    (NotAsSeen, status.HTTP_412_PRECONDITION_FAILED, "edited_since"),
    (LostEdit, status.HTTP_409_CONFLICT, "edited_since"),
    (Held, status.HTTP_409_CONFLICT, "held"),
    (ExecutionNotFound, status.HTTP_404_NOT_FOUND, "execution_not_found"),
    (ExecutionError, status.HTTP_409_CONFLICT, "execution_error"),
    (UsageError, status.HTTP_400_BAD_REQUEST, "usage_error"),
    (SchedulingError, status.HTTP_409_CONFLICT, "scheduling_error"),
    (MarketDataError, status.HTTP_409_CONFLICT, "market_data_error"),
)
# What a database says is not for strangers to read.
OF_OTHERS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (DataError, status.HTTP_400_BAD_REQUEST, "invalid", "A value is one that no database stores."),
    (UnicodeError, status.HTTP_400_BAD_REQUEST, "invalid", "A value is not valid text."),
    (IntegrityError, status.HTTP_409_CONFLICT, "conflict", "Another request changed the same thing just now."),
    (OperationalError, status.HTTP_503_SERVICE_UNAVAILABLE, "database_unavailable", "The database does not answer."),
    (InterfaceError, status.HTTP_503_SERVICE_UNAVAILABLE, "database_unavailable", "The database does not answer."),
)


class NothingHere(exceptions.NotFound):
    default_detail = "There is nothing at this address; /docs lists what there is."


def as_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an error; None for one that nobody foresaw."""
    answer = _from_framework(error, context) or _from_tables(error)
    request: Request | None = context["request"]
    if answer is not None and request is not None:
        # A reader of CSV reads errors as JSON.
        request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
    return answer


def _from_framework(error: Exception, context: dict[str, Any]) -> Response | None:
    if isinstance(error, Http404):
        error = NothingHere()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    answer = exception_handler(error, context)
    if answer is None or not isinstance(error, exceptions.APIException):
        return None
    field, message = _first(error.detail)
    answer.data = error_body(error.default_code, message, field)
    return answer


def _from_tables(error: Exception) -> Response | None:
    if is_too_slow(error):
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return Response(error_body("too_slow", str(TooSlow())), status.HTTP_503_SERVICE_UNAVAILABLE, headers=headers)
    for kind, number, code in OURS:
        if isinstance(error, kind):
            return Response(error_body(code, str(error), getattr(error, "field", None)), number)
    for kind, number, code, message in OF_OTHERS:
        if isinstance(error, kind):
            return Response(error_body(code, message), number)
    return None


def _first(detail: Any, field: str | None = None) -> tuple[str | None, str]:
    """The first of the errors that a serializer found: its outermost field, and a sentence."""
    if isinstance(detail, dict):
        name, inner = next(iter(detail.items()))
        return _first(inner, field or (None if name == api_settings.NON_FIELD_ERRORS_KEY else str(name)))
    if isinstance(detail, list):
        return _first(next(entry for entry in detail if entry), field)
    return field, f"{field}: {detail}" if field else str(detail)


class Nowhere(APIView):
    """Any address below the interfaces that is none."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NothingHere
