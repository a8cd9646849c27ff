"""The providers as configured, each with the budget of its account."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from django.conf import settings
from django.db import connections

from market_data.exceptions import Permanent, UsageError
from market_data.providers.base import Answer, Call, Provider, Stopped, T
from market_data.providers.door import Door
from market_data.ratelimit.budget import Rule
from market_data.ratelimit.factory import limiter_for
from market_data.ratelimit.rules import akshare_rules, configured_rules, yahoo_rules

UNCONFIGURED = "TUSHARE_TOKEN is not set: put your Tushare token into the environment or into .env."


@dataclass(frozen=True)
class Account:
    """What it takes to ask a provider. `name` does not show a token; `lacking` says what is not configured."""

    name: str
    rules: Callable[[str], Sequence[Rule]]
    build: Callable[[Door, str], Provider]
    lacking: str = ""

    @property
    def rate(self) -> Rule:
        """The limit that all calls of the account share."""
        return self.rules("")[0]


def _tushare() -> Account:
    return Account(
        name=f"tushare:{sha256(settings.TUSHARE_TOKEN.encode()).hexdigest()[:16]}",
        rules=partial(configured_rules, settings=settings),
        build=_build_tushare,
        lacking="" if settings.TUSHARE_TOKEN else UNCONFIGURED,
    )


def _build_tushare(door: Door, account: str) -> Provider:
    from market_data.providers.tushare import Client, TushareProvider

    client = Client(settings.TUSHARE_TOKEN, settings.TUSHARE_API_URL, settings.TUSHARE_TIMEOUT_SECONDS)
    return TushareProvider(client, door, account)


def _akshare() -> Account:
    return Account("akshare", partial(akshare_rules, settings=settings), _build_akshare)


def _build_akshare(door: Door, account: str) -> Provider:
    from market_data.circuit import DatabaseCircuits
    from market_data.providers.akshare import AkShareProvider

    return AkShareProvider(door, account, settings.AKSHARE_URL, settings.AKSHARE_TIMEOUT_SECONDS, DatabaseCircuits())


def _yfinance() -> Account:
    return Account("yfinance", partial(yahoo_rules, settings=settings), _build_yfinance)


def _build_yfinance(door: Door, account: str) -> Provider:
    from market_data.providers.yfinance import YFinanceProvider

    folder, timeout = settings.VAR_DIR / "yfinance", settings.YFINANCE_TIMEOUT_SECONDS
    return YFinanceProvider(door, account, settings.YFINANCE_URL, folder, timeout)


PROVIDERS: dict[str, Callable[[], Account]] = {"tushare": _tushare, "akshare": _akshare, "yfinance": _yfinance}


def account_at(provider: str) -> Account:
    """What is configured for this provider. Raises UsageError for a name that is none."""
    if provider not in PROVIDERS:
        raise UsageError(f"There is no provider {provider!r}; there are: {', '.join(PROVIDERS)}.")
    return PROVIDERS[provider]()


def provider_named(name: str) -> Provider:
    """The provider, ready to be asked. Raises UsageError for a name that is none, Permanent without an account."""
    account = account_at(name)
    if account.lacking:
        raise Permanent(account.lacking)
    return _BuiltWhenAsked(name, account)


class _BuiltWhenAsked:
    """A provider whose package is imported with the first call: that takes a second and 60 MB, often for nothing."""

    def __init__(self, name: str, account: Account) -> None:
        self.name = name
        self.account = account.name
        self._account = account
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
            self._provider = self._provider or self._build()
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
        return self._provider.quota() if self._provider else (0, self._account.rate.limit)

    def _build(self) -> Provider:
        limiter, base = limiter_for(self.account), settings.RATE_LIMIT_RETRY_BASE_SECONDS
        door = Door(limiter, self._account.rules, base, connections.close_all)
        return self._account.build(door, self.account)
