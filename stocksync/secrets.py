"""What the settings hold that nobody may read in a log, a page or an answer."""

from functools import cache
from urllib.parse import unquote, urlsplit

from django.conf import settings

NAMES = ("SECRET_KEY", "TUSHARE_TOKEN", "METRICS_TOKEN", "HEARTBEAT_URL")
URLS = (
    "DATABASE_URL",
    "CELERY_BROKER_URL",
    "RATE_LIMIT_REDIS_URL",
    "WATCHLIST_REDIS_URL",
    "CACHE_REDIS_URL",
    "TUSHARE_API_URL",
    "AKSHARE_URL",
    "YFINANCE_URL",
)


def known_secrets() -> tuple[str, ...]:
    """Tokens, keys, and the passwords inside URLs; addresses for notifications are secrets as a whole."""
    whole = tuple(str(getattr(settings, name, "")) for name in NAMES) + tuple(getattr(settings, "NOTIFY_URLS", ()))
    return _of(whole, tuple(str(getattr(settings, name, "")) for name in URLS))


@cache
def _of(whole: tuple[str, ...], urls: tuple[str, ...]) -> tuple[str, ...]:
    found = {*whole, *(password for url in urls for password in _passwords(url))}
    return tuple(sorted(filter(None, found), key=len, reverse=True))


def _passwords(url: str) -> tuple[str, ...]:
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        return ()
    return password, unquote(password)
