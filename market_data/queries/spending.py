"""How much of each account's budget is spent."""

from dataclasses import dataclass

from market_data.engine import accounts
from market_data.ratelimit.factory import limiter_for
from market_data.ratelimit.rules import DAY_SECONDS

INTERFACES_SHOWN = 5


@dataclass(frozen=True)
class Spent:
    """Calls of an account, or of one of its interfaces, that count at the moment."""

    name: str
    used: int
    limit: int
    window_seconds: float

    @property
    def percent(self) -> int:
        return min(100, round(100 * self.used / self.limit))

    @property
    def is_daily(self) -> bool:
        return self.window_seconds >= DAY_SECONDS


def spending() -> list[Spent]:
    """Each account that was used lately as a whole, then its interfaces that were called most."""
    found = []
    for provider in accounts.PROVIDERS:
        account = accounts.account_at(provider)
        if not account.lacking:
            found += _of(provider, account, limiter_for(account.name).spent())
    return found


def _of(provider: str, account: accounts.Account, spent: dict[str, int]) -> list[Spent]:
    rules = [rule for rule in account.rules("") if rule.bucket.startswith("account")]
    whole = [Spent(provider, spent.get(rule.key, 0), rule.limit, rule.window) for rule in rules if spent]
    busiest = sorted((key for key in spent if key.startswith("api:")), key=lambda key: -spent[key])
    return whole + [line for key in busiest[:INTERFACES_SHOWN] if (line := _interface(account, key, spent[key]))]


def _interface(account: accounts.Account, key: str, used: int) -> Spent | None:
    name = key.removeprefix("api:").rpartition("/")[0]
    rule = next((rule for rule in account.rules(name) if rule.key == key), None)
    return Spent(name, used, rule.limit, rule.window) if rule else None
