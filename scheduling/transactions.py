"""Transactions of whoever controls jobs: bounded in what they wait for, so that one row that hangs holds up no other.

The limits are those of the transaction, not of the connection: a migration, or a job that stores a year of rows over
the same connection, may take as long as it takes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from scheduling.exceptions import Held

LOCK_SECONDS = 2.0
STATEMENT_SECONDS = 20.0
IDLE_SECONDS = 20.0
_LIMITS = {
    "lock_timeout": LOCK_SECONDS,
    "statement_timeout": STATEMENT_SECONDS,
    "idle_in_transaction_session_timeout": IDLE_SECONDS,
}
_LOCK_NOT_AVAILABLE = "55P03"
# The server goes down, is going down, or comes up; and it has ended a session that hung in a transaction.
_ENDED = ("57P01", "57P02", "57P03", "25P03")
_CONNECTION_FAILED = "08"


@contextmanager
def bounded() -> Iterator[None]:
    """A transaction that waits LOCK_SECONDS for a lock at most, on PostgreSQL; SQLite has a limit of its own.

    Raises OperationalError where it would wait longer.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            _limit()
        yield


@contextmanager
def answered() -> Iterator[None]:
    """`bounded`, for what a person asks for. Raises Held where another transaction has it and does not end."""
    try:
        with bounded():
            yield
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        raise Held("Another change of this has not ended yet; nothing was done. Try again in a moment.") from error


def _limit() -> None:
    settings = ", ".join("set_config(%s, %s, true)" for _ in _LIMITS)
    values = [part for name, seconds in _LIMITS.items() for part in (name, f"{seconds * 1000:.0f}")]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {settings}", values)


def is_lock_timeout(error: Exception) -> bool:
    """Whether a statement gave up waiting for a lock that another transaction holds."""
    return _state(error) == _LOCK_NOT_AVAILABLE or "database is locked" in str(error)


def is_cut(error: Exception) -> bool:
    """Whether a connection was lost, or its server is not there: over a new one the same may succeed."""
    if connection.vendor != "postgresql":
        return False
    state = _state(error)
    # What the client finds out by itself, such as a connection that is closed, has an empty state.
    return state in ("", *_ENDED) or (state is not None and state.startswith(_CONNECTION_FAILED))


def _state(error: Exception) -> str | None:
    """The SQLSTATE; None for an error that no database has made."""
    if error.__cause__ is None:
        return None
    return getattr(error.__cause__, "sqlstate", None) or ""


def leave_cut_connection() -> bool:
    """Let go of a connection that cannot be used any more, so that the next question opens another.

    False within a transaction, which cannot go on over another connection.
    """
    if connection.in_atomic_block:
        return False
    connection.close()
    return True
