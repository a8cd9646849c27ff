"""The providers as configured, each with the budget of its account."""

import threading
from collections.abc import Callable
from functools import partial
from hashlib import sha256

from django.conf import settings
from django.db import connections

from market_data.exceptions import Permanent, UsageError
from market_data.providers.base import Answer, Call, Provider, Stopped, T
from market_data.ratelimit.factory import limiter_for
from market_data.ratelimit.rules import configured_rules

PROVIDERS = ("tushare",)


def account_of(provider: str) -> str:
    """A name for the configured account that does not show its token."""
    return f"{provider}:{sha256(settings.TUSHARE_TOKEN.encode()).hexdigest()[:16]}"


def provider_named(name: str) -> Provider:
    """The provider, ready to be asked. Raises UsageError for a name that is none, Permanent without an account."""
    if name not in PROVIDERS:
        raise UsageError(f"There is no provider {name!r}; there are: {', '.join(PROVIDERS)}.")
    if not settings.TUSHARE_TOKEN:
        raise Permanent("TUSHARE_TOKEN is not set: put your Tushare token into the environment or into .env.")
    return _BuiltWhenAsked(name)


class _BuiltWhenAsked:
    """A provider whose package is imported with the first call: that takes a second and 60 MB, often for nothing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.account = account_of(name)
        self._lock = threading.Lock()
        self._provider: Provider | None = None
        self._stopped = False

    @property
    def calls(self) -> int:
        return self._provider.calls if self._provider else 0

    def ask(self, call: Call, use: Callable[[Answer], T]) -> T:
        with self._lock:
            if self._stopped:
                raise Stopped
            self._provider = self._provider or _build(self.account)
        return self._provider.ask(call, use)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            if self._provider:
                self._provider.stop()

    def close(self) -> None:
        self.stop()
        if self._provider:
            self._provider.close()

    def quota(self) -> tuple[int, int]:
        return self._provider.quota() if self._provider else (0, settings.TUSHARE_RATE_LIMIT_MAX_CALLS)


def _build(account: str) -> Provider:
    from market_data.providers.door import Door
    from market_data.providers.tushare import Client, TushareProvider

    client = Client(settings.TUSHARE_TOKEN, settings.TUSHARE_API_URL, settings.TUSHARE_TIMEOUT_SECONDS)
    rules = partial(configured_rules, settings=settings)
    base = settings.RATE_LIMIT_RETRY_BASE_SECONDS
    return TushareProvider(client, Door(limiter_for(account), rules, base, connections.close_all), account)
