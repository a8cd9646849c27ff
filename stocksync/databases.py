"""DATABASE_URL as Django's database settings."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# Deferred transactions fail at once with "database is locked" when two processes write; immediate ones queue.
SQLITE_OPTIONS = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;",
}


# A host that vanishes within a transaction leaves its locks: within half a minute the server sees that nobody is there,
# and it ends what does nothing within a transaction for long. No limit on statements: migrations and syncs are long.
GONE_AFTER_MILLISECONDS = 30_000
KEEPALIVES = {"idle": 10, "interval": 5, "count": 4}
SERVER_SETTINGS = {
    "idle_in_transaction_session_timeout": "300s",
    "tcp_user_timeout": GONE_AFTER_MILLISECONDS,
    **{f"tcp_keepalives_{name}": value for name, value in KEEPALIVES.items()},
}
POSTGRESQL_OPTIONS = {
    "application_name": "stocksync",
    "connect_timeout": 10,
    "tcp_user_timeout": GONE_AFTER_MILLISECONDS,
    **{f"keepalives_{name}": value for name, value in KEEPALIVES.items()},
    "options": " ".join(f"-c {name}={value}" for name, value in SERVER_SETTINGS.items()),
}


def database_from_url(url: str, var_dir: Path, *, demo: bool) -> dict[str, Any]:
    """Settings for `url`; an empty one is an SQLite file in `var_dir`, of its own for made-up data."""
    if not url:
        name = "demo.sqlite3" if demo else "stocksync.sqlite3"
        return _sqlite(str(var_dir / name))
    parts = urlsplit(url)
    try:
        port = str(parts.port or "")
    except ValueError as error:
        # The error would show what it took for a port, which may be a part of the password.
        advice = "write / as %2F, @ as %40, : as %3A and # as %23 in a password"
        raise ImproperlyConfigured(f"DATABASE_URL is wrong: its port is not a number; {advice}") from error
    if parts.scheme == "sqlite":
        return _sqlite(unquote(parts.path.removeprefix("/")) or ":memory:")
    if parts.scheme in ("postgres", "postgresql"):
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": port,
            # Questions in columns go through a line that lives as long as the connection.
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {**POSTGRESQL_OPTIONS},
        }
    raise ImproperlyConfigured(f"DATABASE_URL has the scheme {parts.scheme!r}; use postgresql:// or sqlite://")


def _sqlite(name: str) -> dict[str, Any]:
    # Threads of one process cannot share a database in memory; the tests have threads.
    test = {"NAME": str(Path(name).with_name(f"test_{os.getpid()}.sqlite3"))}
    return {"ENGINE": "stocksync.sqlite", "NAME": name, "OPTIONS": SQLITE_OPTIONS, "TEST": test}
