"""What the processes of a site share, and counting in it: Redis, a table of PostgreSQL, or files beside SQLite."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.filebased import FileBasedCache
from django.db import connections, router, transaction


def count(key: str, window_seconds: int) -> int:
    """How often this key was counted in the present window, by all processes, this time included."""
    place = f"{key}:{int(time.time()) // window_seconds}"
    cache.add(place, 0, timeout=2 * window_seconds)
    return int(cache.incr(place))


def seconds_left(window_seconds: int) -> int:
    """Until the present window ends."""
    return window_seconds - int(time.time()) % window_seconds


class FileCache(FileBasedCache):
    """Django's, whose `add` and `incr` lose counts of processes that meet, and which throws away what is in use."""

    def add(self, *args: Any, **kwargs: Any) -> bool:
        with self._alone():
            return bool(super().add(*args, **kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        with self._alone():
            return int(super().incr(*args, **kwargs))

    def _cull(self) -> None:
        if len(files := self._list_cache_files()) >= self._max_entries:  # type: ignore[attr-defined]
            for name in files:
                # It deletes what has expired.
                with suppress(FileNotFoundError), open(name, "rb") as file:
                    self._is_expired(file)  # type: ignore[attr-defined]
        super()._cull()  # type: ignore[misc]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._createdir()  # type: ignore[attr-defined]
        with open(Path(self._dir) / "lock", "w") as file:  # type: ignore[attr-defined]
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class TableCache(DatabaseCache):
    """Django's, whose `incr` loses counts of processes that meet."""

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        using = router.db_for_write(self.cache_model_class)
        connection = connections[using]
        place = self.make_and_validate_key(key, version=version)
        table = connection.ops.quote_name(self._table)  # type: ignore[attr-defined]
        with transaction.atomic(using=using), connection.cursor() as cursor:
            lock = "" if connection.vendor == "sqlite" else " FOR UPDATE"
            cursor.execute(f"SELECT 1 FROM {table} WHERE cache_key = %s{lock}", [place])  # noqa: S608 - our own name
            return int(super().incr(key, delta, version))
