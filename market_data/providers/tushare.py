"""Tushare Pro, through the client of the `tushare` package."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pandas as pd
import requests
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema
from tushare.pro.client import DataApi

from market_data.exceptions import BadPayload, Permanent, ProviderError, RateLimited, Transient, Unreachable
from market_data.providers.base import MADE_UP_HEADER, Answer, Call, NoTurn, Turn
from market_data.providers.connection import GatedSession
from market_data.providers.door import Door
from market_data.providers.tushare_errors import error_for
from market_data.scrubbing import shown_url, without_in_bytes

T = TypeVar("T")
CONNECT_TIMEOUT_SECONDS = 10.0
HURRIED_SECONDS = 3.0


class Client(DataApi):  # type: ignore[misc]
    """The package's client on one kept-alive session, with errors that are errors.

    The original opens a connection per call, turns an HTTP error into an empty frame, and drops `has_more`.
    """

    def __init__(self, token: str, url: str, timeout: float) -> None:
        super().__init__(token, timeout)
        self._token, self._url, self._timeout = token, url, timeout
        self._session = GatedSession()
        # An answer taken apart is ten times as large as on the wire, and each thread that does it keeps memory
        # of its own: two threads for all.
        self._parsers = ThreadPoolExecutor(2, thread_name_prefix="parse")

    def query(self, api_name: str, fields: str = "", **params: Any) -> pd.DataFrame:
        """As in the package: one answer as a frame, its columns in the order of `fields`."""
        names = tuple(filter(None, (name.strip() for name in fields.split(","))))
        return self.ask(Call(api_name, params, names), NoTurn(), lambda answer: pd.DataFrame(answer.columns))

    def ask(self, call: Call, turn: Turn, use: Callable[[Answer], T]) -> T:
        """One HTTP request, sent when `turn.wait` returns. Raises a `ProviderError` that never shows the token."""
        body = {
            "api_name": call.api_name,
            "token": self._token,
            "params": call.params,
            "fields": ",".join(call.fields),
        }
        try:
            with self._session.within(self._timeout), self._session.gate(turn.wait):
                # Following a redirect would show the token to another host.
                response = self._session.post(
                    self._url, json=body, timeout=(CONNECT_TIMEOUT_SECONDS, self._timeout), allow_redirects=False
                )
        except requests.RequestException as error:
            raise self._translated(error) from error
        finally:
            turn.answered()
        return self._parsers.submit(lambda: use(self._read(response))).result()

    def hurry(self) -> None:
        """Let what is under way end soon, with an answer or without."""
        self._session.hurry(HURRIED_SECONDS)

    def close(self) -> None:
        self._parsers.shutdown()
        self._session.close()

    def _translated(self, error: requests.RequestException) -> ProviderError:
        if isinstance(error, InvalidURL | InvalidSchema | MissingSchema):
            return Permanent(f"TUSHARE_API_URL is not an address that can be asked: {shown_url(self._url)}")
        text = f"Tushare at {shown_url(self._url)} does not answer: {_in_short(error)}."
        return Unreachable(text) if isinstance(error, requests.ConnectionError | requests.Timeout) else Transient(text)

    def _read(self, response: requests.Response) -> Answer:
        if response.status_code == 429:
            raise RateLimited("Tushare answered HTTP 429, too many requests.")
        if response.status_code >= 300:
            raise Transient(f"Tushare answered HTTP {response.status_code}.")
        # An echo of the token would be stored as data, or as evidence of a refusal.
        content = without_in_bytes(response.content, [self._token])
        try:
            result = json.loads(content)
            code, message, data = result["code"], result.get("msg"), result.get("data")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            start = content[:80].decode(errors="replace")
            raise Transient(f"Tushare's answer is not its JSON: {start!r}") from error
        if code != 0:
            raise error_for(str(message), self._token)
        return _answer(data, made_up=MADE_UP_HEADER in response.headers)


def _in_short(error: Exception) -> str:
    """What went wrong with the connection, without the layers that noticed it."""
    cause = re.search(r"\[Errno -?\d+\] ([^\"')]+)", str(error))
    if cause:
        return cause[1]
    return "it takes too long" if isinstance(error, requests.Timeout) else type(error).__name__


def _answer(data: Any, *, made_up: bool) -> Answer:
    """`{"fields", "items", "has_more"}` as columns."""
    if not isinstance(data, dict):
        raise Transient("Tushare answered without data.")
    fields, items = data.get("fields"), data.get("items")
    if not isinstance(fields, list) or not isinstance(items, list) or not fields:
        raise Transient("Tushare answered without columns.")
    if not all(isinstance(name, str) for name in fields):
        raise BadPayload("The columns of the answer have no names.", {"fields": str(fields)[:200]})
    if any(not isinstance(item, list) or len(item) != len(fields) for item in items):
        raise BadPayload(
            "Rows and columns of the answer differ in length.", {"fields": fields, "first": str(items[:1])[:200]}
        )
    columns = zip(*items, strict=True) if items else [()] * len(fields)
    return Answer(dict(zip(fields, map(list, columns), strict=True)), len(items), bool(data.get("has_more")), made_up)


class TushareProvider:
    """Tushare behind its rate limit."""

    name = "tushare"

    def __init__(self, client: Client, door: Door, account: str) -> None:
        self.account = account
        self._client = client
        self._door = door

    @property
    def calls(self) -> int:
        return self._door.calls

    def ask(self, call: Call, use: Callable[[Answer], T]) -> T:
        return self._door.pass_through(call.api_name, lambda turn: self._client.ask(call, turn, use))

    def stop(self) -> None:
        self._door.stop()
        self._client.hurry()

    def close(self) -> None:
        self._door.close()
        self._client.close()

    def quota(self) -> tuple[int, int]:
        return self._door.quota()
