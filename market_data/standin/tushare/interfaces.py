"""What is known of Tushare's interfaces: fields, compulsory parameters, row caps."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Interface:
    """How one interface answers.

    `shown` fields come by default, `hidden` ones when asked for; with none of either, all columns there are.
    `needs`: one of these parameters has to be given. `defaults`: the value a parameter has when it is not given.
    `date_column`: the one that trade_date, start_date and end_date speak of. A `period` is always an end_date.
    """

    shown: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    one_symbol: bool = False
    cap: int = 6000
    defaults: Mapping[str, str] = field(default_factory=dict)
    date_column: str = "trade_date"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STATEMENTS = ("income", "balancesheet", "cashflow")
INTERFACES = {
    "stock_basic": Interface(
        shown=_words("ts_code symbol name area industry cnspell market list_date act_name act_ent_type"),
        hidden=_words("fullname enname exchange curr_type list_status delist_date is_hs"),
        defaults={"list_status": "L"},
        date_column="",
    ),
    "trade_cal": Interface(
        shown=_words("exchange cal_date is_open pretrade_date"),
        defaults={"exchange": "SSE"},
        date_column="cal_date",
    ),
    "daily": Interface(
        shown=_words("ts_code trade_date open high low close pre_close change pct_chg vol amount"),
        needs=_words("ts_code trade_date start_date end_date"),
    ),
    "adj_factor": Interface(
        shown=_words("ts_code trade_date adj_factor"),
        needs=_words("ts_code trade_date"),
        one_symbol=True,
    ),
    "daily_basic": Interface(
        shown=_words(
            "ts_code trade_date close turnover_rate turnover_rate_f volume_ratio pe pe_ttm pb ps ps_ttm dv_ratio dv_ttm"
            " total_share float_share free_share total_mv circ_mv"
        ),
        needs=_words("ts_code trade_date"),
        one_symbol=True,
    ),
    "suspend_d": Interface(shown=_words("ts_code trade_date suspend_timing suspend_type"), cap=5000),
    "fina_indicator": Interface(needs=_words("ts_code"), cap=100, date_column="end_date"),
    "fina_indicator_vip": Interface(date_column="end_date"),
    **{name: Interface(needs=_words("ts_code"), date_column="ann_date") for name in STATEMENTS},
    **{f"{name}_vip": Interface(date_column="ann_date") for name in STATEMENTS},
    "disclosure_date": Interface(cap=3000, date_column=""),
    "index_daily": Interface(
        shown=_words("ts_code trade_date close open high low pre_close change pct_chg vol amount"),
        needs=_words("ts_code"),
        cap=8000,
    ),
    "namechange": Interface(
        shown=_words("ts_code name start_date end_date ann_date change_reason"), date_column="ann_date", cap=10000
    ),
    "bse_mapping": Interface(shown=_words("name o_code n_code list_date"), cap=1000, date_column=""),
    "stk_limit": Interface(
        shown=_words("trade_date ts_code up_limit down_limit"), hidden=_words("pre_close"), cap=5800
    ),
    "top_list": Interface(cap=10000),
    "limit_list_d": Interface(cap=2500),
    "ths_index": Interface(cap=5000, date_column=""),
    "ths_member": Interface(cap=5000, date_column=""),
    "dc_index": Interface(cap=5000),
    "dc_member": Interface(cap=5000),
    "moneyflow": Interface(
        shown=_words(
            "ts_code trade_date buy_sm_vol buy_sm_amount sell_sm_vol sell_sm_amount buy_md_vol buy_md_amount"
            " sell_md_vol sell_md_amount buy_lg_vol buy_lg_amount sell_lg_vol sell_lg_amount buy_elg_vol"
            " buy_elg_amount sell_elg_vol sell_elg_amount net_mf_vol net_mf_amount"
        ),
    ),
    "stock_st": Interface(),
    "ths_daily": Interface(),
    "index_basic": Interface(date_column=""),
    "index_member_all": Interface(date_column=""),
}
PRICES = _words("open high low close pre_close change")
