"""The HTTP sessions that the yfinance package is given: every request of it, for whatever, passes the door."""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import curl_cffi.requests

from market_data.exceptions import RateLimited, Transient
from market_data.providers.base import MADE_UP_HEADER, Turn
from market_data.providers.connection import GatedSession
from market_data.providers.door import Door

API_NAME = "yahoo"
CHART_PATH = "/v8/finance/chart/"
BROWSER = "chrome"


class ChartRefused(Exception):
    """Yahoo says in words why it has no chart. The package would ask six to thirteen times more before it gives up."""


class Passage:
    """The way of a request through the door and back. `chart` is the text of the last chart; `made_up` says whose."""

    def __init__(self, door: Door, timeout: float) -> None:
        self.timeout = timeout
        self.chart = ""
        self.made_up = False
        self._door = door

    def send(self, url: str, request: Callable[..., Any]) -> Any:
        """The response. Raises RateLimited, Transient or ChartRefused where a chart is refused.

        What the package asks for beside charts, such as cookies, it can do without: refusals of those are its own.
        """
        return self._door.pass_through(API_NAME, lambda turn: self._sent(turn, url, request))

    def _sent(self, turn: Turn, url: str, request: Callable[..., Any]) -> Any:
        turn.wait()
        try:
            response = request(timeout=self.timeout)
        finally:
            turn.answered()
        if urlsplit(url).path.startswith(CHART_PATH):
            self._note_chart(response)
        return response

    def _note_chart(self, response: Any) -> None:
        if response.status_code == 429:
            raise RateLimited("Yahoo answered HTTP 429, too many requests.")
        if response.status_code >= 500:
            raise Transient(f"Yahoo answered HTTP {response.status_code}.")
        self.chart = response.text
        self.made_up = MADE_UP_HEADER in response.headers
        if response.status_code in (400, 404) and (reason := _reason(response)):
            raise ChartRefused(reason)


def _reason(response: Any) -> str:
    """What Yahoo says is wrong; empty where it does not say it in its own form."""
    try:
        return str(response.json()["chart"]["error"]["description"])
    except (ValueError, LookupError, TypeError):
        return ""


class _Direct(curl_cffi.requests.Session):  # type: ignore[type-arg]
    """To Yahoo itself, which answers browsers only."""

    def __init__(self, passage: Passage) -> None:
        super().__init__(impersonate=BROWSER)
        self.passage = passage

    def request(self, method: Any, url: str, **options: Any) -> Any:  # type: ignore[override]
        options.pop("timeout", None)
        return self.passage.send(url, partial(super().request, method, url, **options))


class _Redirected(GatedSession):
    """To another server, whichever of Yahoo's hosts is meant."""

    def __init__(self, passage: Passage, url: str) -> None:
        super().__init__()
        self.passage = passage
        self._url = url.rstrip("/")

    def request(self, method: str, url: str, **options: Any) -> Any:  # type: ignore[override]
        options.pop("timeout", None)
        there = f"{self._url}{urlsplit(url).path}"
        return self.passage.send(url, partial(self._in_time, method, there, **options))

    def _in_time(self, method: str, url: str, *, timeout: float, **options: Any) -> Any:
        with self.within(timeout):
            return super().request(method, url, timeout=timeout, **options)


def session_through(passage: Passage, url: str) -> Any:
    """A session to Yahoo, or to the address that stands in for it."""
    return _Redirected(passage, url) if url else _Direct(passage)
