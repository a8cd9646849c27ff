"""Jobs that leave traces in a file, so that a test sees what really ran."""

import os
import time
from pathlib import Path
from typing import Any

from scheduling.context import Context
from scheduling.registry import JobKwargs, job


class Steps(JobKwargs):
    trace: str
    count: int = 1
    seconds: float = 0.0


def leave(trace: str, text: str) -> None:
    """One line, whole even when several processes write."""
    handle = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, f"{text}\n".encode())
    os.close(handle)


def traces(path: Path) -> list[str]:
    return path.read_text().split("\n")[:-1] if path.exists() else []


@job("sample_steps", title="Steps", is_template=True, kwargs_model=Steps)
def steps(context: Context, trace: str, count: int, seconds: float) -> dict[str, Any]:
    """Take steps one by one, from where an earlier attempt stopped."""
    for number in range(context.result.get("done", 0), count):
        context.checkpoint()
        leave(trace, f"{number} {os.getpid()}")
        time.sleep(seconds)
        context.set_result({"done": number + 1})
        context.progress(number + 1, count)
    return {"done": count}


@job("sample_span", title="Span", is_template=True, kwargs_model=Steps)
def span(context: Context, trace: str, count: int, seconds: float) -> None:
    """Mark a start and an end."""
    leave(trace, "+")
    time.sleep(seconds)
    leave(trace, "-")


@job("sample_marks", title="Marks", is_template=True, kwargs_model=Steps)
def marks(context: Context, trace: str, count: int, seconds: float) -> None:
    """Steps that name the moment and the attempt that they belong to."""
    for number in range(context.result.get("done", 0), count):
        context.checkpoint()
        leave(trace, f"{context.scheduled_for} {context.attempt} {number}")
        time.sleep(seconds)
        context.set_result({"done": number + 1})


@job("sample_stubborn", title="Stubborn", is_template=True, kwargs_model=Steps)
def stubborn(context: Context, trace: str, count: int, seconds: float) -> None:
    """Go on whatever happens."""
    leave(trace, "started")
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            time.sleep(0.05)
        except BaseException as error:
            leave(trace, type(error).__name__)
