"""What a running job sees of its execution, and what it gives back."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db import models


class Status(models.TextChoices):
    """States of an execution."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"
    LOST = "LOST"


@dataclass(frozen=True)
class Outcome:
    """How a job ended: SUCCESS, PARTIAL or SKIPPED, its result as JSON values, and why where it is no success."""

    status: Status = Status.SUCCESS
    result: dict[str, Any] = field(default_factory=dict)
    message: str = ""

    def __post_init__(self) -> None:
        if self.status not in (Status.SUCCESS, Status.PARTIAL, Status.SKIPPED):
            raise ValueError(f"A job that ended as {self.status} raises an exception instead")


class Context(Protocol):
    """Handed to a job's function."""

    attempt: int
    """1 for the first start; more after a crash, a shutdown or a retry."""
    scheduled_for: datetime | None
    """The moment of the schedule that this run is for; None for a run asked for by hand."""
    result: dict[str, Any]
    """What `set_result` stored last, in an earlier attempt of this execution too."""

    def checkpoint(self) -> None:
        """Let the execution be ended here. Raises Cancelled or TakenOver, which job code lets pass."""

    def log(self, text: str, level: str = "INFO") -> None:
        """Keep a line with the execution."""

    def set_result(self, result: dict[str, Any]) -> None:
        """Store an interim result of JSON values, within about a second."""

    def progress(self, done: int, total: int) -> None:
        """Tell how far the job is, in its own units."""

    @property
    def cancelled(self) -> bool:
        """Whether the job should end: asked for by a person, or because another worker has taken over."""
