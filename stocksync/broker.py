"""CELERY_BROKER_URL as Celery's settings; an empty one is the embedded broker, files in the data folder."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

# A host that swallows packets, or a server that hangs, must not hold up a worker for ever. Wake-ups are quicker still.
REDIS_OPTIONS = {
    "socket_connect_timeout": 5,
    "socket_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 30,
}
SERVERS = ("redis", "rediss", "amqp", "amqps", "pyamqp")


def broker_settings(url: str, var_dir: Path) -> tuple[str, dict[str, Any]]:
    """Celery's broker URL and transport options. Raises ImproperlyConfigured for an unknown kind of broker."""
    if not url:
        return "embedded://", _folders(var_dir / "broker")
    scheme = urlsplit(url).scheme
    if scheme not in SERVERS:
        raise ImproperlyConfigured(
            f"CELERY_BROKER_URL has the scheme {scheme!r}; use redis:// or amqp://, or leave it empty"
        )
    return url, REDIS_OPTIONS if scheme.startswith("redis") else {}


def _folders(root: Path) -> dict[str, Any]:
    names = {"data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"}
    folders = {option: str(root / name) for option, name in names.items()}
    for folder in folders.values():
        Path(folder).mkdir(parents=True, exist_ok=True)
    return {**folders, "polling_interval": 0.3}
