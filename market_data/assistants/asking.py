"""The REST API asked from within the process: with its permissions, its bounds, and its sentences for what is wrong."""

import io
import json
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from market_data.exceptions import MarketDataError


class Refused(MarketDataError):
    """The API has refused a question; the message says why."""


class LocalReader:
    """Whoever may start a command here may read the whole database, and change nothing."""

    pk = id = None
    username = "local"
    is_authenticated = is_active = True
    is_anonymous = is_staff = is_superuser = False

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        return permission.partition(".")[2].startswith("view_")


@dataclass(frozen=True)
class Answer:
    """The body, and whether more follows than was asked for."""

    body: Any
    is_cut: bool


def ask(user: Any, path: str, method: str = "GET", **given: Any) -> Answer:
    """What the API answers this user. Raises Refused; what is None is left out of the question."""
    query = urlencode({name: _as_text(value) for name, value in given.items() if value is not None})
    request: Any = WSGIRequest(_environment(method, path, query))
    request._force_auth_user = user
    response: Any = _handler().get_response(request)
    content = b"".join(response) if response.streaming else response.content
    body = json.loads(content) if content else None
    if response.status_code >= 300:
        error = body.get("error", {}) if isinstance(body, dict) else {}
        parts = [error.get("field"), error.get("message") or f"The answer was {response.status_code}."]
        raise Refused(": ".join(filter(None, parts)))
    return Answer(body, 'rel="next"' in response.get("Link", ""))


@cache
def _handler() -> WSGIHandler:
    return WSGIHandler()


def _as_text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _environment(method: str, path: str, query: str) -> dict[str, Any]:
    secure = settings.SECURE_PROXY_SSL_HEADER
    hosts = [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host != "*"]
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": hosts[0] if hosts else "localhost",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_ACCEPT": "application/json",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        **({secure[0]: secure[1]} if secure else {}),
    }
