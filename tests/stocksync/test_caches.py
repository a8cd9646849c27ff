"""What several processes count together."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.cache import caches

from stocksync.caches import FileCache, count, seconds_left
from stocksync.web.configuration import cache_settings
from tests.scheduling.conftest import POSTGRES_URL, database_url, migrated_file, postgres_database, redis_server
from tests.scheduling.environments import environment

__all__ = ["POSTGRES_URL", "database_url", "migrated_file", "postgres_database", "redis_server"]
COUNTING = """import django; django.setup()
from stocksync.caches import count
print([count('x', 3600) for _ in range(40)][-1])"""


@pytest.mark.parametrize(
    ("database_url", "with_redis"),
    [("sqlite", False), ("postgresql", False), ("sqlite", True)],
    indirect=["database_url"],
    ids=["files", "table", "redis"],
)
def test_processes_that_count_at_once_lose_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, database_url: str, with_redis: bool
) -> None:
    url = request.getfixturevalue("redis_server").url if with_redis else ""
    variables = {**environment(tmp_path, "", database_url), "CACHE_REDIS_URL": url}
    processes = [
        subprocess.Popen([sys.executable, "-c", COUNTING], env=variables, stdout=subprocess.PIPE) for _ in range(3)
    ]
    counted = [int(process.communicate()[0]) for process in processes]
    assert max(counted) == 120


def test_a_window_that_is_over_counts_no_more() -> None:
    with time_machine.travel("2026-06-01T00:00:59Z", tick=False) as clock:
        assert [count("x", 60), count("x", 60), seconds_left(60)] == [1, 2, 1]
        clock.shift(1)
        assert [count("x", 60), seconds_left(60)] == [1, 60]


def test_files_of_windows_that_are_over_make_room_first(tmp_path: Path) -> None:
    files: Any = FileCache(str(tmp_path), {"OPTIONS": {"MAX_ENTRIES": 10}})
    files.set("kept", 1, timeout=1000)
    for number in range(9):
        files.set(str(number), 1, timeout=0.001)
    time.sleep(0.01)
    files.set("new", 1)
    assert (files.get("kept"), files.get("new"), len(files._list_cache_files())) == (1, 1, 2)


def test_a_server_database_keeps_the_counts_of_all_hosts(tmp_path: Path) -> None:
    def kind(**given: Any) -> str:
        return str(cache_settings(given.pop("url", ""), tmp_path, **given)["default"]["BACKEND"]).rpartition(".")[2]

    assert kind(has_server=True) == "TableCache"
    assert kind(has_server=False) == "FileCache"
    assert kind(url="redis://localhost", has_server=True) == "RedisCache"
    assert caches["default"]
