"""Work that is too long for a web request. What runs jobs registers here how it takes it over."""

from collections.abc import Callable

from market_data.exceptions import MarketDataError

Resume = Callable[[str], str]
_registered: list[Resume] = []


def register_resume(resume: Resume) -> None:
    """`resume` takes a sync task's id, has a worker go on with the task, and returns the id of that run."""
    _registered[:] = [resume]


def resume(task_id: str) -> str:
    """Have a worker go on with a sync task. Raises MarketDataError where no jobs are declared."""
    if not _registered:
        raise MarketDataError("Nothing runs jobs here; go on with `sync_tasks --resume`.")
    return _registered[0](task_id)
