"""A market whose answers look clean and are not true, and the evening on which they come."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import time_machine

from market_data.models import Partition
from market_data.standin.tushare.server import Standin
from tests.market_data.worlds import World

WINDOW = ("--start", "20240101", "--end", "20240329")
DAY = date(2024, 3, 27)
ONE_DAY = ("--start", "20240327", "--end", "20240327")
Serve = Callable[..., Standin]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Thirty stocks in the first quarter of 2024."""
    world = World(tmp_path / "world", 30, date(2024, 1, 1), date(2024, 3, 29))
    world.known_until = date(2024, 12, 31)
    return world


@pytest.fixture(autouse=True)
def evening() -> Any:
    """The evening of the last session, which a test may move on."""
    with time_machine.travel("2024-03-29 20:00:00+08:00", tick=True) as traveller:
        yield traveller


def states(name: str) -> set[str]:
    return set(Partition.objects.filter(dataset=name).values_list("state", flat=True))


def empty(world: World, name: str, *, keep: Callable[[list[str]], bool] = lambda row: False) -> None:
    """Take the rows out of a written file, but for those to keep."""
    path = world.folder / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *filter(keep, rows)])


def serve_folder(world: World, serve: Serve) -> Standin:
    """Serve the files as they are."""
    original = world.write
    world.write = lambda: world  # type: ignore[method-assign]
    try:
        return serve(world)
    finally:
        world.write = original  # type: ignore[method-assign]


def serve_again(world: World, serve: Serve, *, without: str) -> Standin:
    """The same world, whose source has nothing in one of its files."""
    world.write()
    empty(world, without)
    return serve_folder(world, serve)
