"""Settings of Django's parts that follow from ours."""

from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

CACHE_TABLE = "stocksync_cache"
MOST_CACHED = 10_000


def content_security_policy(*, debug: bool) -> dict[str, Any]:
    """What comes from here may be loaded, and nothing from elsewhere.

    Alpine, which moves the admin, evaluates expressions; Django's page about an error is all inline.
    """
    return {
        "DIRECTIVES": {
            "default-src": [SELF],
            "script-src": [SELF, UNSAFE_EVAL, *([UNSAFE_INLINE] if debug else [NONCE])],
            "style-src": [SELF, UNSAFE_INLINE],
            "img-src": [SELF, "data:"],
            "font-src": [SELF, "data:"],
            "object-src": [NONE],
            "base-uri": [SELF],
            "form-action": [SELF],
            "frame-ancestors": [NONE],
        }
    }


def cache_settings(redis_url: str, var_dir: Path, *, has_server: bool) -> dict[str, Any]:
    """Django's CACHES. `has_server`: the database is one that several hosts may share."""
    options = {"OPTIONS": {"MAX_ENTRIES": MOST_CACHED}}
    if redis_url:
        one: dict[str, Any] = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}
    elif has_server:
        one = {"BACKEND": "stocksync.caches.TableCache", "LOCATION": CACHE_TABLE, **options}
    else:
        # Counting in the database would have every reader write, and wait for the sync.
        one = {"BACKEND": "stocksync.caches.FileCache", "LOCATION": str(var_dir / "cache"), **options}
    return {"default": one}
