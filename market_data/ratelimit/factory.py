"""Where the calls of an account are counted."""

from django.conf import settings
from django.db import connection

from market_data.ratelimit.database_store import DatabaseStore
from market_data.ratelimit.file_store import FileStore
from market_data.ratelimit.limiter import Limiter
from market_data.ratelimit.redis_store import RedisStore
from market_data.ratelimit.stores import Store


def limiter_for(account: str) -> Limiter:
    """Return the limiter of an account, a hash of its token, in the widest store that this installation shares."""
    return Limiter(_store(), account)


def _store() -> Store:
    if settings.RATE_LIMIT_REDIS_URL:
        return RedisStore(settings.RATE_LIMIT_REDIS_URL)
    if connection.vendor == "postgresql":
        return DatabaseStore()
    return FileStore(settings.VAR_DIR / "rate_limit.sqlite3")
