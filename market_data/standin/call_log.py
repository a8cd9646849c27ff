"""What was asked of the server and what it answered, in memory and in a file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TextIO


@dataclass(frozen=True)
class Call:
    """One call. `at` is its arrival in seconds since the epoch; `outcome` is ok, a fault or a refusal by name."""

    at: float
    api: str
    params: Mapping[str, Any]
    fields: Any
    outcome: str
    rows: int = 0
    has_more: bool = False


class CallLog:
    """The calls so far, in the order of their answers; with a path also one JSON line each in that file."""

    def __init__(self, path: Path | None = None) -> None:
        self.calls: list[Call] = []
        self._lock = Lock()
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None

    def add(self, call: Call) -> None:
        """Record the call; when this returns, the line is in the file."""
        line = json.dumps(asdict(call), ensure_ascii=False)
        with self._lock:
            self.calls.append(call)
            if self._file:
                self._file.write(f"{line}\n")
                self._file.flush()

    def close(self) -> None:
        if self._file:
            self._file.close()
