"""The log as JSON."""

import io
import json
import logging
from types import SimpleNamespace

import pytest

from stocksync.json_logs import JsonFormatter


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(written: io.StringIO) -> logging.Logger:
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logger = logging.Logger("sample")
    logger.addHandler(handler)
    return logger


def test_a_line_is_one_object_whatever_it_says(log: logging.Logger, written: io.StringIO) -> None:
    log.warning("two\nlines, %s", "中文")
    entry = json.loads(written.getvalue())
    assert written.getvalue().count("\n") == 1
    assert (entry["level"], entry["logger"], entry["message"]) == ("WARNING", "sample", "two\nlines, 中文")
    assert entry["time"].endswith("+00:00")


def test_an_error_brings_its_trace(log: logging.Logger, written: io.StringIO) -> None:
    try:
        raise ValueError("oops")
    except ValueError:
        log.exception("It failed.")
    assert "ValueError: oops" in json.loads(written.getvalue())["trace"]


def test_while_a_job_runs_its_ids_are_told(log: logging.Logger, written: io.StringIO) -> None:
    keeper = logging.NullHandler()
    keeper.execution = SimpleNamespace(job_id="daily", id="e1", celery_task_id="t1")  # type: ignore[attr-defined]
    logging.getLogger().addHandler(keeper)
    try:
        log.info("during")
    finally:
        logging.getLogger().removeHandler(keeper)
    log.info("after")
    during, after = map(json.loads, written.getvalue().splitlines())
    assert (during["job_id"], during["execution_id"], during["celery_task_id"]) == ("daily", "e1", "t1")
    assert "execution_id" not in after
