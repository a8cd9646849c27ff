"""Where a file of rows goes: whole or not at all, and through what is not a regular file."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from market_data.exceptions import UsageError

STANDARD = "-"


def is_standard_output(output: str) -> bool:
    """Whether this is a name of standard output, such as - or /dev/stdout."""
    if output == STANDARD:
        return True
    with suppress(OSError, ValueError):  # nothing is there, or standard output is no file
        return os.path.samestat(os.stat(output), os.fstat(1))
    return False


@contextmanager
def open_output(output: str) -> Iterator[IO[bytes]]:
    """A file to write to; "-" is standard output.

    A regular file appears when it is whole, with the mode that it had, behind the link that leads to it. A device or
    a pipe is written to as it is. Raises UsageError for a folder, and where there is no folder for the file.
    """
    if is_standard_output(output):
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(os.path.realpath(output))
    if path.is_dir():
        raise UsageError(f"{output} is a folder; name a file in it, such as {Path(output) / 'rows.csv'}.")
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}; make it first or choose another --output.")
    before = _mode_of(path)
    if before is not None and not stat.S_ISREG(before):
        with path.open("wb") as file:
            yield file
        return
    with _whole_or_nothing(path, before) as file:
        yield file


@contextmanager
def _whole_or_nothing(path: Path, mode: int | None) -> Iterator[IO[bytes]]:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), stat.S_IMODE(mode))
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None
