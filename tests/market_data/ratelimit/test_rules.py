from market_data.ratelimit.budget import Rule
from market_data.ratelimit.rules import configured_rules


def test_a_call_counts_for_its_account_and_its_interface(settings):
    settings.TUSHARE_RATE_LIMIT_MAX_CALLS = 195
    settings.TUSHARE_RATE_LIMIT_WINDOW_SECONDS = 60.0
    settings.TUSHARE_DAILY_MAX_CALLS = 0
    settings.TUSHARE_INTERFACE_LIMITS = {}

    assert configured_rules("daily", settings) == [Rule("account", 195, 60.0), Rule("api:daily", 195, 60.0)]


def test_quotas_of_the_day_and_of_the_interface_are_added(settings):
    settings.TUSHARE_DAILY_MAX_CALLS = 8000
    settings.TUSHARE_INTERFACE_LIMITS = {"stock_basic": [(50, 60.0), (100, 3600.0)]}

    assert configured_rules("stock_basic", settings)[1:] == [
        Rule("account:day", 8000, 86400.0),
        Rule("api:stock_basic", 50, 60.0),
        Rule("api:stock_basic", 100, 3600.0),
    ]
