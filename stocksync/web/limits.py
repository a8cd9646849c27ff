"""The bounds of a web request: how long the database may work for it, and how many heavy ones run at a time."""

import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from stocksync.web.errors import Answer, refusal

LOOK_EVERY_INSTRUCTIONS = 50_000
BUSY = "The site answers as many large questions at a time as it can; ask again in {} s."
TOO_SLOW = "This would take longer than {:g} s; ask for fewer days or symbols at a time."
RETRY_AFTER_SECONDS = 2
LONGEST_WAIT_SECONDS = 10.0
THREADS_LEFT = 2

# The moment at which the database stops working for the request of this thread; None outside of requests.
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class TooSlow(OperationalError):
    """The time of the request is over."""

    def __init__(self) -> None:
        super().__init__(TOO_SLOW.format(settings.WEB_REQUEST_SECONDS))


class BoundedTime:
    """Middleware: past `WEB_REQUEST_SECONDS` no statement of a request goes on, and none begins.

    PostgreSQL ends it by `statement_timeout`; SQLite asks us every so many instructions. Each part of a streamed
    answer has as long.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        before = _deadline.set(_end_of_time())
        try:
            if connection.connection is not None:
                bound_statements(connection)
            with connection.execute_wrapper(_begin):
                return self.get_response(request)
        finally:
            _deadline.reset(before)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        return refused(request, "too_slow", str(TooSlow())) if is_too_slow(error) else None


def restart_clock() -> None:
    """Forget the time that a request has waited, where one is under way."""
    if _deadline.get() is not None:
        _deadline.set(_end_of_time())


def _end_of_time() -> float:
    return time.monotonic() + float(settings.WEB_REQUEST_SECONDS)


def bound_statements(wrapper: BaseDatabaseWrapper) -> None:
    """Have this connection end what takes too long. Nothing happens outside of requests."""
    raw: Any = wrapper.connection
    if _deadline.get() is None:
        return
    if wrapper.vendor == "sqlite":
        raw.set_progress_handler(_is_over, LOOK_EVERY_INSTRUCTIONS)
    else:
        with wrapper.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {int(settings.WEB_REQUEST_SECONDS * 1000)}")


def is_too_slow(error: BaseException | None) -> bool:
    """Whether the database gave up because of the bound, in the words of either."""
    if not isinstance(error, OperationalError):
        return False
    return isinstance(error, TooSlow) or str(error) == "interrupted" or "statement timeout" in str(error)


def _on_new_connection(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    bound_statements(connection)


connection_created.connect(_on_new_connection, dispatch_uid="stocksync.web.limits")


def _is_over() -> bool:
    deadline = _deadline.get()
    return deadline is not None and time.monotonic() > deadline


def _begin(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if _is_over():
        raise TooSlow
    return execute(sql, params, many, context)


class FewHeavyReads:
    """Middleware: of the views that say `is_heavy`, `WEB_HEAVY_READS` work at a time in each process.

    Some more wait, each in a thread, so that two of `WEB_THREADS` are left for everybody else; others are told when to
    come again.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.working = threading.BoundedSemaphore(settings.WEB_HEAVY_READS)
        self.inside = threading.BoundedSemaphore(max(settings.WEB_HEAVY_READS, settings.WEB_THREADS - THREADS_LEFT))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            answer = self.get_response(request)
        except BaseException:
            self._leave(request)
            raise
        if answer.streaming and hasattr(request, "heavy_places"):
            # The work is done while the answer is sent.
            answer._resource_closers.append(lambda: self._leave(request))  # type: ignore[attr-defined]
        else:
            self._leave(request)
        return answer

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        if not getattr(view, "is_heavy", False) or self._enter(request):
            return None
        answer = refused(request, "busy", BUSY.format(RETRY_AFTER_SECONDS))
        # Django would log an error for each, of which there are many just when it is busy.
        answer._has_been_logged = True  # type: ignore[attr-defined]
        return answer

    def _enter(self, request: HttpRequest) -> bool:
        if not self.inside.acquire(blocking=False):
            return False
        if not self.working.acquire(timeout=LONGEST_WAIT_SECONDS):
            self.inside.release()
            return False
        request.heavy_places = [self.working, self.inside]  # type: ignore[attr-defined]
        restart_clock()
        return True

    def _leave(self, request: HttpRequest) -> None:
        for place in request.__dict__.pop("heavy_places", ()):
            place.release()


def refused(request: HttpRequest, code: str, sentence: str) -> HttpResponse:
    """503, with the time after which to come again."""
    answer = refusal(request, 503, code, sentence)
    answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer
