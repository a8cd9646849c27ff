"""A balance sheet against the identity that it is named for."""

from market_data.engine.audit.findings import Kind
from market_data.engine.audit.rules import RowCheck, Rule

BALANCE = Kind("balance", "balancesheet", "The assets are not what is owed and what is owned together.")

_CLAIMS = "t.total_liab + t.total_hldr_eqy_inc_min_int"
# Companies that report in thousands or millions round each sum by itself.
_DIFFERS = f"abs(t.total_assets - ({_CLAIMS})) > 100 + 0.00001 * abs(t.total_assets)"
BALANCE_SHEETS = RowCheck(
    table="balancesheet", day="end_date", rules=(Rule(BALANCE, _DIFFERS, "t.total_assets", _CLAIMS),)
)
