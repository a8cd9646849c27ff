"""Nobody from outside writes lines of our log, and no secret is in them."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as project

from stocksync.logs import LineFormatter

FORGED = "fine\n2026-01-01 00:00:00,000 ERROR scheduling: forged\r\x1b[2Kmore\x85and\u2028more"
Write = Callable[..., str]


@pytest.fixture
def write() -> Write:
    """A record as it is written."""
    formatter = LineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatted(message: str, *args: Any, error: BaseException | None = None) -> str:
        trace = (type(error), error, error.__traceback__) if error else None
        return formatter.format(logging.LogRecord("x", logging.ERROR, "f.py", 1, message, args, trace))

    return formatted


def test_a_message_is_one_line_whatever_is_in_it(write: Write) -> None:
    for written in (write(FORGED), write("said: %s", FORGED)):
        assert len(written.splitlines()) == 1
        assert "\\n2026" in written
        assert "\x1b" not in written


def test_no_line_of_a_trace_passes_for_a_line_of_the_log(write: Write) -> None:
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        written = write("failed", error=error)
    first, *rest = written.splitlines()
    assert first.endswith("x: failed")
    assert len(rest) > 2
    assert all(line.startswith("    ") for line in rest)


def test_a_trace_that_another_handler_has_put_into_words_is_put_into_ours() -> None:
    try:
        raise ValueError(FORGED)
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f.py", 1, "failed", (), sys.exc_info())
    logging.Formatter().format(record)
    assert all(line.startswith("    ") for line in LineFormatter("%(message)s").format(record).splitlines()[1:])


def test_no_secret_of_the_settings_is_logged(write: Write, settings: Any) -> None:
    settings.TUSHARE_TOKEN = "the-token-of-a-test"
    settings.RATE_LIMIT_REDIS_URL = "redis://me:pa55%2Fword@host/0"
    settings.NOTIFY_URLS = ["mailto://me:mailpass@example.com"]
    written = write("%s", "the-token-of-a-test pa55/word pa55%2Fword mailto://me:mailpass@example.com")
    assert not any(secret in written for secret in ("the-token", "pa55", "mailpass"))


def test_errors_of_web_requests_are_logged_without_debug() -> None:
    assert project.DEBUG is False
    assert project.LOGGING["loggers"]["django"]["handlers"] == ["stderr"]
    assert logging.getLogger("django.request").isEnabledFor(logging.ERROR)
