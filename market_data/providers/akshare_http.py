"""AkShare's requests: one by one at the allowed pace, each with a timeout, each host behind its circuit."""

import json
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ProtocolError

from market_data.exceptions import ProviderError, Transient, Unreachable
from market_data.providers.base import MADE_UP_HEADER, Turn
from market_data.providers.connection import GatedSession
from market_data.providers.door import Door

CONNECT_TIMEOUT_SECONDS = 10.0


class Circuits(Protocol):
    """Remembers, for every process, which hosts refuse to answer."""

    def enter(self, host: str) -> None:
        """Raises Unreachable while the host is to be left alone."""
        ...

    def refused(self, host: str, why: str) -> None: ...

    def answered(self, host: str) -> None: ...

    def close(self) -> None: ...


class SourceSession(GatedSession):
    """What AkShare takes for `requests`. Raises ProviderErrors, which pass by AkShare's own retries.

    `payloads` are the JSON values that came since `begin`; `made_up` tells whether a stand-in sent them.
    """

    def __init__(self, door: Door, circuits: Circuits, url: str, timeout: float) -> None:
        super().__init__()
        self._door, self._circuits, self._url, self._timeout = door, circuits, url, timeout
        self.headers["Connection"] = "close"
        self.begin()

    def begin(self) -> None:
        self.payloads: list[Any] = []
        self.made_up = False

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        address = url if isinstance(url, str) else url.decode()
        host = str(urlsplit(address).hostname)
        self._circuits.enter(host)
        try:
            response = self._door.pass_through(host, lambda turn: self._send(turn, method, address, kwargs))
        except ProviderError as error:
            self._circuits.refused(host, str(error))
            raise
        self._circuits.answered(host)
        self.made_up |= MADE_UP_HEADER in response.headers
        return response

    def _send(self, turn: Turn, method: str | bytes, url: str, options: dict[str, Any]) -> requests.Response:
        # A redirect leads to a captcha, on a host that has a circuit of its own.
        options |= {"timeout": (CONNECT_TIMEOUT_SECONDS, self._timeout), "allow_redirects": False}
        host = str(urlsplit(url).hostname)
        try:
            turn.wait()
            with self.within(self._timeout):
                response = super().request(method, self._address(url), **options)
        except requests.RequestException as error:
            raise _translated(host, error) from error
        finally:
            turn.answered()
            self._leave_connections()
        self._read(host, response)
        return response

    def _leave_connections(self) -> None:
        """Keep none: one that the host has closed meanwhile would look like a refusal."""
        for adapter in self.adapters.values():
            adapter.close()

    def _address(self, url: str) -> str:
        """The host itself, or the one that stands in for all of them and finds its name in the path."""
        return f"{self._url.rstrip('/')}/{url.partition('://')[2]}" if self._url else url

    def _read(self, host: str, response: requests.Response) -> None:
        """Keep a JSON value, let a script pass, raise Transient for what is sent instead of data."""
        if response.status_code != HTTPStatus.OK:
            raise Transient(f"{host} refuses to answer: HTTP {response.status_code}.")
        body = response.content.lstrip()
        if body.startswith(b"var "):
            return
        try:
            payload = json.loads(body)
        except ValueError as error:
            start = body[:80].decode(errors="replace")
            raise Transient(f"{host} sends no data, as it does where it refuses to answer: {start!r}") from error
        self.payloads.append(payload)


def _translated(host: str, error: requests.RequestException) -> ProviderError:
    if isinstance(error, requests.Timeout):
        return Unreachable(f"{host} does not answer: it takes too long.")
    if isinstance(error, requests.ConnectionError) and error.args and isinstance(error.args[0], ProtocolError):
        return Transient(f"{host} closes the connection without an answer, as it does where it refuses to.")
    if isinstance(error, requests.ConnectionError):
        return Unreachable(f"{host} does not answer: no connection can be made.")
    return Transient(f"{host} does not answer: {type(error).__name__}.")
