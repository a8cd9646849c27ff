"""What an account may do, as configured."""

from django.conf import LazySettings

from market_data.ratelimit.budget import Rule

DAY_SECONDS = 86400.0


def configured_rules(api_name: str, settings: LazySettings) -> list[Rule]:
    """Return the rules under which a call of the Tushare interface counts.

    The interface has a rule even where none is configured, so that its calls are on record when a limit is learnt.
    """
    calls, window = settings.TUSHARE_RATE_LIMIT_MAX_CALLS, settings.TUSHARE_RATE_LIMIT_WINDOW_SECONDS
    rules = [Rule("account", calls, window)]
    if settings.TUSHARE_DAILY_MAX_CALLS:
        rules.append(Rule("account:day", settings.TUSHARE_DAILY_MAX_CALLS, DAY_SECONDS))
    own = settings.TUSHARE_INTERFACE_LIMITS.get(api_name) or [(calls, window)]
    return rules + [Rule(f"api:{api_name}", limit, seconds) for limit, seconds in own]


def akshare_rules(api_name: str, settings: LazySettings) -> list[Rule]:
    """Return the rule of all requests that AkShare sends, whatever the host: we ask as one reader of web pages."""
    return [Rule("account", settings.AKSHARE_RATE_LIMIT_MAX_CALLS, settings.AKSHARE_RATE_LIMIT_WINDOW_SECONDS)]


def yahoo_rules(api_name: str, settings: LazySettings) -> list[Rule]:
    """Return the rule under which every request to Yahoo counts, whatever it is for."""
    return [Rule("account", settings.YFINANCE_RATE_LIMIT_MAX_CALLS, settings.YFINANCE_RATE_LIMIT_WINDOW_SECONDS)]
