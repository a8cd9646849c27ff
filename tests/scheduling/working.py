"""What a worker does, in this process."""

from scheduling import executions, tasks
from scheduling.models import Execution
from scheduling.registry import JobKwargs


class Limit(JobKwargs):
    limit: int = 3


def work() -> Execution | None:
    """Do what a worker does with one wake-up, for a single execution."""
    waiting = executions.ready("sync").first()
    tasks.run_queued("sync")
    return Execution.objects.get(id=waiting.id) if waiting else None


def lines(execution: Execution) -> str:
    return "\n".join(execution.lines.values_list("text", flat=True))
