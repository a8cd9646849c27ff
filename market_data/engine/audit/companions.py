"""What is stored beside a bar, against it: valuation, money flow and price limits of the same stock and day."""

from market_data.engine.audit.findings import Kind
from market_data.engine.audit.rules import CENT, RowCheck, Rule

CLOSE = Kind("basic_close", "daily_basic", "The close of the valuation is not the one of the bar.")
TURNOVER_RATE = Kind("turnover_rate", "daily_basic", "The turnover rate is not volume / floating shares.")
MARKET_VALUE = Kind("market_value", "daily_basic", "The market value is not close x shares.")
FLOAT_VALUE = Kind("float_value", "daily_basic", "The floating market value is not close x floating shares.")
FLOW_SIDES = Kind("flow_sides", "moneyflow", "What was bought is not what was sold.")
FLOW_TOTAL = Kind("flow_total", "moneyflow", "What was bought and sold is not the amount of the bar.")
LIMITS = Kind("limit", "stk_limit", "The bar's high or low lies beyond the limits of its day.")

_BAR = "JOIN daily b ON b.symbol = t.symbol AND b.trade_date = t.trade_date"
_SIZES = ("sm", "md", "lg", "elg")


def _sum(side: str, what: str) -> str:
    return "(" + " + ".join(f"t.{side}_{size}_{what}" for size in _SIZES) + ")"


def _is_off(value: str, expected: str, absolute: float, relative: float) -> str:
    """By more than the rounding of the values and a share of what is expected."""
    return f"abs({value} - ({expected})) > {absolute} + {relative:.9f} * abs({expected})"


def _is_not_worth(value: str, shares: str) -> str:
    return _is_off(value, f"t.close * {shares}", 2, 1e-6)


_RATE = "100 * b.volume / nullif(t.float_share, 0)"
VALUATION = RowCheck(
    table="daily_basic",
    joined=_BAR,
    rules=(
        Rule(CLOSE, f"abs(t.close - b.close) > {CENT}", "t.close", "b.close"),
        Rule(TURNOVER_RATE, _is_off("t.turnover_rate", _RATE, 0.0001, 1e-5), "t.turnover_rate", _RATE),
        Rule(MARKET_VALUE, _is_not_worth("t.total_mv", "t.total_share"), "t.total_mv", "t.close * t.total_share"),
        Rule(FLOAT_VALUE, _is_not_worth("t.circ_mv", "t.float_share"), "t.circ_mv", "t.close * t.float_share"),
    ),
)

# Eight numbers rounded to a lot, or to 100 yuan: half of it each. Beijing's stocks have nothing but zeros.
_BOUGHT, _SOLD = _sum("buy", "amount"), _sum("sell", "amount")
_HALF = f"({_BOUGHT} + {_SOLD}) / 2"
_LOTS = f"abs({_sum('buy', 'vol')} - {_sum('sell', 'vol')}) > 450"
FLOWS = RowCheck(
    table="moneyflow",
    joined=_BAR,
    rules=(
        Rule(FLOW_SIDES, f"{_LOTS} OR abs({_BOUGHT} - {_SOLD}) > 450", _BOUGHT, _SOLD),
        Rule(FLOW_TOTAL, f"{_HALF} > 0 AND {_is_off(_HALF, 'b.amount', 450, 0.001)}", _HALF, "b.amount"),
    ),
)

PRICE_LIMITS = RowCheck(
    table="stk_limit",
    joined=_BAR,
    rules=(
        Rule(
            LIMITS,
            f"(t.up_limit > 0 AND b.high > t.up_limit + {CENT}) OR "
            f"(t.down_limit > 0 AND b.low < t.down_limit - {CENT})",
            "CASE WHEN b.high > t.up_limit THEN b.high ELSE b.low END",
            "CASE WHEN b.high > t.up_limit THEN t.up_limit ELSE t.down_limit END",
        ),
    ),
)
