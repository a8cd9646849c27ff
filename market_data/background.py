"""Work that is too long for a web request. What runs jobs registers here how it takes it over."""

from collections.abc import Callable
from typing import Any

from market_data.exceptions import MarketDataError

Resume = Callable[[str], str]
Sync = Callable[[dict[str, Any]], str]
_registered: list[Resume] = []
_syncs: list[Sync] = []


def register_resume(resume: Resume) -> None:
    """`resume` takes a sync task's id, has a worker go on with the task, and returns the id of that run."""
    _registered[:] = [resume]


def resume(task_id: str) -> str:
    """Have a worker go on with a sync task. Raises MarketDataError where no jobs are declared."""
    if not _registered:
        raise MarketDataError("Nothing runs jobs here; go on with `sync_tasks --resume`.")
    return _registered[0](task_id)


def register_sync(sync: Sync) -> None:
    """`sync` takes what to bring (datasets, start, end, symbols, latest), has a worker do it, and returns the run's id.

    It raises what the job's arguments are refused with.
    """
    _syncs[:] = [sync]


def sync(**wanted: Any) -> str:
    """Have a worker bring data. Raises MarketDataError where no jobs are declared."""
    if not _syncs:
        raise MarketDataError("Nothing runs jobs here; use the command `sync`.")
    return _syncs[0](wanted)
