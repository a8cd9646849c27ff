"""What the numbers of a dataset are counted in, told from the names that all datasets share."""

from market_data.datasets.base import Dataset, Field

_PRICES = ("open", "high", "low", "close", "pre_close", "change", "up_limit", "down_limit", "dividends")
_PERCENT = ("pct_chg", "pct_change", "turnover_rate", "turnover_rate_f", "turnover_ratio", "dv_ratio", "dv_ttm")
_REPORTED_IN_YUAN = ("income", "balancesheet", "cashflow")


def unit_of(dataset: Dataset, field: Field) -> str:
    """The unit of a stored column; "" where it has none, or where only the description tells it."""
    name = field.name
    if field.kind != "number":
        return ""
    if name in _PERCENT or name.endswith(("_yoy", "_margin", "_rate")):
        return "percent"
    if name in _PRICES:
        return "points" if dataset.name == "index_daily" else "currency units"
    if name == "volume" or name.endswith(("_vol", "_share")):
        return "shares"
    if name == "amount" or name.endswith(("_amount", "_mv")) or dataset.name in _REPORTED_IN_YUAN:
        return "currency units"
    return ""
