"""States in an SQLite file of their own: the main database's writer would make the limiter wait."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from market_data.ratelimit.budget import State
from market_data.ratelimit.stores import Result

BUSY_SECONDS = 30.0


class FileStore:
    """Serves the processes of one host."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def update(self, account: str, change: Callable[[State, float], Result]) -> tuple[Result, float]:
        with self._transaction() as connection:
            row = connection.execute("SELECT state FROM rate_limit_state WHERE account = ?", [account]).fetchone()
            state: State = json.loads(row[0]) if row else {}
            # Nobody sets this clock, and all processes of the host share it. After a restart it begins anew, which the
            # budget takes for a clock that was set back: it then waits rather than send too much.
            now = time.monotonic()
            result = change(state, now)
            connection.execute("INSERT OR REPLACE INTO rate_limit_state VALUES (?, ?)", [account, json.dumps(state)])
        return result, 0.0

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        # A connection for each transaction costs a millisecond, and is safe in every thread and after every fork.
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS rate_limit_state (account TEXT PRIMARY KEY, state TEXT)")
            connection.execute("BEGIN IMMEDIATE")
            # Leaving without a commit rolls back.
            yield connection
            connection.execute("COMMIT")
