"""Who is let through to the data."""

from market_data.standin.market.tables import Market
from market_data.standin.tushare import refusals
from market_data.standin.tushare.interfaces import INTERFACES
from market_data.standin.tushare.quotas import Quotas
from market_data.standin.tushare.rules import Rules


def check_access(rules: Rules, market: Market, token: str, api: str) -> None:
    """Raise Refusal unless this account may call this interface."""
    if rules.banned:
        raise refusals.banned()
    if rules.token and token not in rules.token:
        raise refusals.bad_token()
    if rules.ip_limit:
        raise refusals.too_many_ips()
    if api not in INTERFACES and api not in market.tables:
        raise refusals.unknown_interface()
    excluded = bool(rules.allow_only) and api not in rules.allow_only
    if excluded or api in rules.deny or api not in market.tables:
        raise refusals.not_permitted(api)


def check_quota(rules: Rules, quotas: Quotas, api: str, arrived: float) -> None:
    """Count the call and raise Refusal when it is one too many."""
    over = quotas.exhausted(rules.quotas, api, arrived, count_rejected=rules.count_rejected)
    if over:
        raise refusals.over_quota(api, over, rules.quota_wording)
