"""AkShare, which reads the web pages of Eastmoney and Sina: free, without an account, best effort."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

import requests

from market_data.exceptions import BadPayload, BadRequest, ProviderError
from market_data.providers.akshare_checks import Columns, Reply, in_short, says_nothing_is_there
from market_data.providers.akshare_http import Circuits, SourceSession
from market_data.providers.akshare_interfaces import INTERFACES
from market_data.providers.base import Answer, Call, Stopped
from market_data.providers.door import Door

T = TypeVar("T")
LOOK_SECONDS = 0.2
HURRIED_SECONDS = 3.0
_one_at_a_time = threading.Lock()


class AkShareProvider:
    """AkShare behind its rate limit: one call at a time in a process, every one of its requests paced.

    `url` stands in for all hosts, each a folder of it; empty: the hosts themselves. `timeout` in seconds a request.
    """

    name = "akshare"

    def __init__(self, door: Door, account: str, url: str, timeout: float, circuits: Circuits) -> None:
        self.account = account
        self._door = door
        self._circuits = circuits
        self._session = SourceSession(door, circuits, url, timeout)
        self._stopped = threading.Event()

    @property
    def calls(self) -> int:
        return self._door.calls

    def ask(self, call: Call, use: Callable[[Answer], T]) -> T:
        interface = INTERFACES.get(call.api_name)
        if interface is None:
            raise BadRequest(f"AkShare has no interface {call.api_name!r}; it has {', '.join(INTERFACES)}.")
        with self._turn():
            self._session.begin()
            columns = _fields(call, interface(self._fetch, call.params))
            made_up = self._session.made_up
        return use(Answer(columns, len(next(iter(columns.values()))), made_up=made_up))

    def stop(self) -> None:
        self._stopped.set()
        self._door.stop()
        self._session.hurry(HURRIED_SECONDS)

    def close(self) -> None:
        self.stop()
        self._door.close()
        self._circuits.close()
        self._session.close()

    def quota(self) -> tuple[int, int]:
        return self._door.quota()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        while not _one_at_a_time.acquire(timeout=LOOK_SECONDS):
            if self._stopped.is_set():
                raise Stopped
        try:
            yield
        finally:
            _one_at_a_time.release()

    def _fetch(self, function: str, **arguments: Any) -> Reply:
        import akshare  # a second of import and 110 MB, often for nothing
        import pandas as pd

        self._session.payloads.clear()
        asked = getattr(akshare, function)
        try:
            with _speaking_through(self._session, sys.modules[asked.__module__]):
                frame = asked(**arguments)
        except (ProviderError, Stopped):
            raise
        except Exception as error:
            # AkShare stumbles over an answer without rows, and over a page that has changed, in any way there is.
            if not says_nothing_is_there(self._session.payloads):
                text = f"AkShare's {function} does not understand the answer: {type(error).__name__}: {error}."
                raise BadPayload(text, in_short(self._session.payloads)) from error
            frame = pd.DataFrame()
        return Reply(frame, list(self._session.payloads))


def _fields(call: Call, columns: Columns) -> Columns:
    unknown = [name for name in call.fields if name not in columns]
    if unknown:
        raise BadRequest(f"AkShare's {call.api_name} has no field {', '.join(unknown)}.")
    return {name: columns[name] for name in call.fields} if call.fields else columns


@contextmanager
def _speaking_through(session: SourceSession, module: ModuleType) -> Iterator[None]:
    """Let AkShare's own modules, and nobody else's, use the session for `requests`, and draw no progress bars."""
    from akshare.utils import func, request
    from akshare.utils.tqdm import get_tqdm

    ours = {
        "requests": SimpleNamespace(
            get=session.get, Session=lambda: session, RequestException=requests.RequestException
        ),
        "get_tqdm": partial(get_tqdm, enable=False),
    }
    theirs = [(m, name, getattr(m, name)) for m in {module, func, request} for name in ours if hasattr(m, name)]
    _forget_boards(module)
    try:
        for changed, name, _ in theirs:
            setattr(changed, name, ours[name])
        yield
    finally:
        for changed, name, value in theirs:
            setattr(changed, name, value)


def _forget_boards(module: ModuleType) -> None:
    """AkShare keeps the list of boards for the life of the process."""
    boards = getattr(module, "__stock_board_concept_name_em", None)
    if boards is not None:
        boards.cache_clear()
