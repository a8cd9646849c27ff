"""A daily bar against itself: its change, its range, and the price at which its shares were traded on average."""

from market_data.engine.audit.findings import Kind
from market_data.engine.audit.rules import CENT, RowCheck, Rule

CHANGE = Kind("change", "daily", "The change is not the close less the previous close.")
PERCENT = Kind("pct_chg", "daily", "The change in percent is not the one of the close and the previous close.")
RANGE = Kind("range", "daily", "The open or the close lies outside of low and high.")
TURNOVER = Kind("turnover", "daily", "Amount / volume lies outside of low and high: wrong units, or adjusted prices.")

_RATIO = "100 * (t.close - t.pre_close) / t.pre_close"
_BESIDE = f"abs(t.pct_chg - {_RATIO})"
# Four decimals, or two where the provider gives no more.
_HAS_TWO_DECIMALS = "abs(100 * t.pct_chg - round(100 * t.pct_chg)) < 0.00001"
_PERCENT_IS_WRONG = f"{_BESIDE} > {CENT} OR ({_BESIDE} > 0.00006 AND NOT {_HAS_TWO_DECIMALS})"

_BETWEEN = "'between ' || t.low || ' and ' || t.high"


def _outside(price: str) -> str:
    return f"t.{price} > t.high OR t.{price} < t.low"


_STRANGE = f"CASE WHEN {_outside('open')} THEN t.open ELSE t.close END"


def unlike_turnover(bar: str) -> str:
    """Whether a bar's amount cannot come of its volume at its prices.

    Volumes are rounded to a share and amounts to a yuan (0.01 lots, 0.001 thousand yuan); where both are whole lots and
    whole thousands, as in old rows, to those.
    """
    v, a, high, low = (f"{bar}.{name}" for name in ("volume", "amount", "high", "low"))
    whole = f"{v} = 100 * round({v} / 100) AND {a} = 1000 * round({a} / 1000)"
    shares, yuan = (f"CASE WHEN {whole} THEN {coarse} ELSE 1 END" for coarse in (100, 1000))
    # Nearly every bar is done with the first comparison.
    return (
        f"NOT ({a} BETWEEN {low} * {v} AND {high} * {v}) AND ("
        f"{a} > {high} * ({v} + {shares}) * 1.0000001 + {yuan} OR {a} < {low} * ({v} - {shares}) * 0.9999999 - {yuan})"
    )


BARS = RowCheck(
    table="daily",
    rules=(
        Rule(CHANGE, f"abs(t.change - (t.close - t.pre_close)) > {CENT}", "t.change", "t.close - t.pre_close"),
        Rule(PERCENT, _PERCENT_IS_WRONG, "t.pct_chg", _RATIO),
        Rule(RANGE, f"{_outside('open')} OR {_outside('close')} OR t.low > t.high", _STRANGE, _BETWEEN),
        Rule(TURNOVER, unlike_turnover("t"), "t.amount / nullif(t.volume, 0)", _BETWEEN),
    ),
)
