"""A made-up market is plausible, and always the same."""

import numpy as np
import pandas as pd
import pytest

from market_data.standin.market.generated import generate_market
from market_data.standin.market.tables import Market
from market_data.standin.replies import data
from market_data.standin.tushare.answering import answer
from market_data.standin.tushare.interfaces import INTERFACES
from market_data.standin.tushare.questions import question
from market_data.standin.tushare.rules import Rules

UNCUT = Rules(cap=dict.fromkeys(["daily", "adj_factor", "daily_basic", "suspend_d", "stock_basic"], 1_000_000))
RANGE = {"daily": {"start_date": "20000101"}}


def frame(market: Market, api: str, fields: str = "") -> pd.DataFrame:
    """All rows of an interface, oldest first."""
    days = market.tables["trade_cal"].keys.dates
    asked = [RANGE.get(api, {})] if api in ("daily", "stock_basic", "suspend_d", "trade_cal") else []
    asked = asked or [{"trade_date": str(day)} for day in sorted(set(days.tolist()))]
    if api == "stock_basic":
        asked = [{"list_status": "L"}, {"list_status": "D"}]
    answers = [answer(market, UNCUT, question({"api_name": api, "params": p, "fields": fields})) for p in asked]
    rows = [pd.DataFrame(dict(zip(a.fields, a.cells, strict=True))) for a in answers if a.size]
    whole = pd.concat(rows, ignore_index=True)[::-1].reset_index(drop=True)
    return whole.apply(lambda column: pd.Series([_value(text) for text in column]))


def _value(text: str) -> object:
    if text == "null":
        return None
    return text.strip('"') if text.startswith('"') else float(text)


@pytest.fixture(scope="module")
def bars(made_up: Market) -> pd.DataFrame:
    return frame(made_up, "daily")


def cells(rows: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(rows["ts_code"], rows["trade_date"], strict=True))


def test_the_same_arguments_give_the_same_bytes(made_up: Market) -> None:
    again, other = generate_market(120, 90, 5, "20240628"), generate_market(120, 90, 6, "20240628")

    def written(market: Market, api: str) -> bytes:
        code = "000300.SH" if api == "index_daily" else "600000.SH"
        only = INTERFACES[api].needs == ("ts_code",)
        day = {} if only and api != "index_daily" else {"trade_date": "20240628"}
        body = {"api_name": api, "params": {**day, **({"ts_code": code} if only else {})}}
        return data(answer(market, Rules(), question(body)), 0).body

    assert all(written(made_up, api) == written(again, api) for api in made_up.tables)
    assert written(made_up, "daily") != written(other, "daily")
    assert written(made_up, "income") != written(other, "income")


def test_bars_are_possible(bars: pd.DataFrame) -> None:
    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all()
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
    assert (bars[["open", "high", "low", "close", "pre_close", "vol", "amount"]] > 0).all(axis=None)
    assert np.allclose(bars["change"], bars["close"] - bars["pre_close"], atol=0.0051)
    assert np.allclose(bars["pct_chg"], 100 * bars["change"] / bars["pre_close"], atol=0.0001)
    average = 10 * bars["amount"] / bars["vol"]
    assert average.between(bars["low"] - 0.01, bars["high"] + 0.01).all()


@pytest.mark.parametrize(("column", "decimals"), [("close", 2), ("vol", 2), ("amount", 3), ("pct_chg", 4)])
def test_numbers_have_tushares_decimals(bars: pd.DataFrame, column: str, decimals: int) -> None:
    assert (bars[column] == bars[column].round(decimals)).all()
    assert (bars[column] != bars[column].round(decimals - 1)).any()


def test_the_previous_close_is_ex_right(made_up: Market, bars: pd.DataFrame) -> None:
    both = bars.merge(frame(made_up, "adj_factor"), on=["ts_code", "trade_date"])
    before = both.groupby("ts_code")[["close", "adj_factor"]].shift()
    expected = before["close"] * before["adj_factor"] / both["adj_factor"]
    known = before["close"].notna()

    assert (both["pre_close"] - expected)[known].abs().max() < 0.0051
    assert (before["adj_factor"] < both["adj_factor"])[known].sum() > 10


def test_a_listed_stock_has_a_bar_or_is_suspended(made_up: Market, bars: pd.DataFrame) -> None:
    stops = frame(made_up, "suspend_d")
    whole_days = stops[stops["suspend_timing"].isna()]
    halts = stops[stops["suspend_timing"].notna()]
    listed = cells(frame(made_up, "adj_factor"))

    assert cells(bars) | cells(whole_days) == listed
    assert not cells(bars) & cells(whole_days)
    assert len(halts)
    assert cells(halts) <= cells(bars)
    assert 0.005 < len(whole_days) / len(listed) < 0.02
    assert cells(frame(made_up, "daily_basic")) == cells(bars)


def test_stocks_are_listed_and_delisted_on_the_way(made_up: Market, bars: pd.DataFrame) -> None:
    stocks = frame(made_up, "stock_basic", "ts_code,list_status,list_date,delist_date").set_index("ts_code")
    first, last = (bars.groupby("ts_code")["trade_date"].agg(end) for end in ("min", "max"))
    delisted = stocks[stocks["list_status"] == "D"]

    assert len(delisted) == 2
    assert (last[delisted.index] < delisted["delist_date"]).all()
    new = stocks[stocks["list_date"] >= bars["trade_date"].min()].index
    assert 3 < len(new) < 30
    assert (first[new] == stocks.loc[new, "list_date"]).all()


def test_losses_have_no_price_earnings_ratio(made_up: Market) -> None:
    basics = frame(made_up, "daily_basic")

    assert 0 < basics["pe"].isna().mean() < 0.5
    assert np.allclose(basics["total_mv"], basics["close"] * basics["total_share"], rtol=1e-6)


def test_the_calendar_is_shanghais_to_the_end_of_the_year(made_up: Market, bars: pd.DataFrame) -> None:
    days = frame(made_up, "trade_cal")

    assert days["cal_date"].max() == "20241231"
    assert days["cal_date"].min() == bars["trade_date"].min()
    open_days = days[(days["is_open"] == 1) & (days["cal_date"] <= "20240628")]["cal_date"]
    assert sorted(open_days) == sorted(set(bars["trade_date"]))
    assert days.set_index("cal_date")["pretrade_date"]["20241008"] == "20240930"


def test_what_is_bought_is_sold_and_flows_in_both_directions(made_up: Market, bars: pd.DataFrame) -> None:
    flows = frame(made_up, "moneyflow")

    assert cells(flows) == cells(bars)
    bought, sold = (flows[[f"{side}_{size}_vol" for size in ("sm", "md", "lg", "elg")]] for side in ("buy", "sell"))
    assert (bought.sum(axis=1) - sold.sum(axis=1)).abs().max() <= 4
    assert 0.1 < (flows["net_mf_vol"] > 0).mean() < 0.9


def test_bars_stay_within_the_limits_of_their_day(made_up: Market, bars: pd.DataFrame) -> None:
    limits = frame(made_up, "stk_limit")
    both = bars.merge(limits, on=["ts_code", "trade_date"])

    assert cells(limits) == cells(frame(made_up, "adj_factor"))
    assert len(both) == len(bars)
    assert (both["high"] <= both["up_limit"]).all()
    assert (both["low"] >= both["down_limit"]).all()


def test_stocks_of_beijing_have_moved_codes(made_up: Market) -> None:
    question_for_all = question({"api_name": "bse_mapping"})
    moved = answer(made_up, Rules(), question_for_all)

    old, new = (moved.cells[moved.fields.index(name)] for name in ("o_code", "n_code"))
    assert old
    assert [code.replace("830", "920", 1) for code in old] == new


def test_an_impossible_market_is_refused() -> None:
    with pytest.raises(ValueError, match="trading days"):
        generate_market(1, 9000, 0, "20240628")
    with pytest.raises(ValueError, match="at least one stock"):
        generate_market(0, 1, 0, "20240628")
