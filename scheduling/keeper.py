"""A thread beside a running job: renews its lease and brings its log lines and progress to the database."""

import logging
import os
import threading
import time
from collections import deque
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from scheduling import clock, endings, executions
from scheduling.exceptions import Cancelled, TakenOver
from scheduling.models import Execution
from scheduling.transactions import leave_cut_connection

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
KILLED_EXIT_CODE = 70


class Keeper(logging.Handler):
    """The Context of one attempt. No failure to write ends the job; only a takeover does.

    As a logging handler it keeps the warnings that the job's code logs.
    """

    def __init__(self, execution: Execution, hard_limit_seconds: float | None = None) -> None:
        super().__init__(logging.WARNING)
        self.execution = execution
        self.attempt = execution.attempt
        self.scheduled_for = execution.scheduled_for
        self.result: dict[str, Any] = execution.result or {}
        self._hard_limit = hard_limit_seconds
        self._started = self._renewed = time.monotonic()
        self._lines: deque[tuple[float, str, str]] = deque(maxlen=executions.LINES_KEPT)
        self._news: dict[str, Any] = {}
        self._taken_over = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        logging.getLogger().removeHandler(self)
        self._done.set()
        self._thread.join()

    def checkpoint(self) -> None:
        if self.cancelled:
            raise TakenOver if self._taken_over.is_set() else Cancelled

    @property
    def cancelled(self) -> bool:
        if self._taken_over.is_set():
            return True
        try:
            flags = self._flags()
        except (DatabaseError, InterfaceError) as error:
            log.error("%s: the cancel flag cannot be read: %s", self.execution, error)
            return False
        if not flags:
            self._taken_over.set()
        return flags != [None]

    def _flags(self) -> list[datetime | None]:
        """Asked over the connection of the job's own thread: where that was cut, a new one is for its work too."""
        asked = executions.owned(self.execution).values_list("cancel_requested_at", flat=True)
        try:
            return list(asked)
        except (DatabaseError, InterfaceError):
            if not leave_cut_connection():
                raise
            return list(asked.all())

    def log(self, text: str, level: str = "INFO") -> None:
        self._lines.append((time.monotonic(), level, text))

    def emit(self, record: logging.LogRecord) -> None:
        # What fails while lines are written would make further lines without end.
        if not record.name.startswith("scheduling"):
            self.log(record.getMessage(), record.levelname)

    def set_result(self, result: dict[str, Any]) -> None:
        self.result = result
        self._news["result"] = result

    def progress(self, done: int, total: int) -> None:
        self._news |= {"progress_done": done, "progress_total": total}

    def _keep(self) -> None:
        try:
            while not self._done.wait(min(TICK_SECONDS, settings.SCHEDULING_LEASE_SECONDS / 3)):
                self._write()
                self._end_at_hard_limit()
            self._write()
        finally:
            connection.close()

    def _write(self) -> None:
        news, self._news = self._news, {}
        try:
            self._write_lines()
            if news or time.monotonic() - self._renewed > settings.SCHEDULING_LEASE_SECONDS / 3:
                self._renew(news)
        except (DatabaseError, InterfaceError) as error:
            self._news = news | self._news
            log.error("%s: its record cannot be written; the job goes on: %s", self.execution, error)
            connection.close()

    def _write_lines(self) -> None:
        lines = list(self._lines)
        if lines and executions.owned(self.execution).exists():
            ago, now = time.monotonic(), clock.now()
            dated = [(now - timedelta(seconds=ago - at), level, text) for at, level, text in lines]
            executions.add_lines(self.execution, dated)
        for _ in lines:
            self._lines.popleft()

    def _renew(self, news: dict[str, Any]) -> None:
        if not executions.renew(self.execution, **news):
            self._taken_over.set()
        self._renewed = time.monotonic()

    def _end_at_hard_limit(self) -> None:
        if self._hard_limit is None or time.monotonic() - self._started < self._hard_limit:
            return
        message = f"Killed at its hard limit of {self._hard_limit:g} seconds."
        log.error("%s: %s", self.execution, message)
        try:
            endings.fail(self.execution, message)
        finally:
            # Code that ignores the soft limit cannot be ended from within; the worker replaces the process.
            os._exit(KILLED_EXIT_CODE)
