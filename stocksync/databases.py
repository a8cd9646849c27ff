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


def database_from_url(url: str, var_dir: Path, *, demo: bool) -> dict[str, Any]:
    """Settings for `url`; an empty one is an SQLite file in `var_dir`, of its own for made-up data."""
    if not url:
        name = "demo.sqlite3" if demo else "stocksync.sqlite3"
        return _sqlite(str(var_dir / name))
    parts = urlsplit(url)
    try:
        port = str(parts.port or "")
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is wrong: {error}") from error
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
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {"application_name": "stocksync", "connect_timeout": 10},
        }
    raise ImproperlyConfigured(f"DATABASE_URL has the scheme {parts.scheme!r}; use postgresql:// or sqlite://")


def _sqlite(name: str) -> dict[str, Any]:
    # Threads of one process cannot share a database in memory; the tests have threads.
    test = {"NAME": str(Path(name).with_name(f"test_{os.getpid()}.sqlite3"))}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": SQLITE_OPTIONS, "TEST": test}
