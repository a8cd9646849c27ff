"""Each kind of contradiction is found where it is, and published history holds none that is not explained."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from market_data.datasets import DATASETS
from market_data.engine.audit.auditing import audit
from market_data.engine.audit.findings import Report
from market_data.engine.audit.scope import Scope
from market_data.engine.audit.still import conclusive_cells
from market_data.exceptions import UsageError
from market_data.models import AdjFactor, DailyBar, MovedCode, Security, TradingDay
from market_data.standin.market.generated import generate_market
from tests.market_data.engine.audit.loading import load_calendar, load_folder, load_market, native_rows, store

pytestmark = pytest.mark.django_db
TABLES = ("daily", "adj_factor", "daily_basic", "moneyflow", "stk_limit", "balancesheet", "bse_mapping")


@pytest.fixture(scope="module")
def made_up() -> Any:
    return generate_market(12, 60, 4, "20240628")


@pytest.fixture
def stored(made_up: Any, db: None) -> list[DailyBar]:
    """A made-up market; the bars of a stock in the middle of it, ascending."""
    load_market(made_up, TABLES)
    symbol = DailyBar.objects.order_by("symbol").values_list("symbol", flat=True)[0]
    return list(DailyBar.objects.filter(symbol=symbol).order_by("trade_date"))


def change(table: str, bar: DailyBar, assignment: str, day: str = "trade_date") -> None:
    with connection.cursor() as cursor:
        where = f"symbol = %s AND {day} = %s"
        cursor.execute(f"UPDATE {table} SET {assignment} WHERE {where}", [bar.symbol, bar.trade_date])
        assert cursor.rowcount


def found(report: Report) -> set[tuple[str, str, date]]:
    return {(cell.kind.name, cell.symbol, cell.trade_date) for cell in report.cells}


def test_a_made_up_market_holds_no_contradiction(stored: list[DailyBar]) -> None:
    report = audit((), Scope())
    assert report.findings == 0, report.cells
    assert report.checked > 4 * 12 * 50


@pytest.mark.parametrize(
    ("kind", "table", "assignment"),
    [
        ("change", "daily", "change = change + 0.01"),
        ("pct_chg", "daily", "pct_chg = pct_chg + 0.0002"),
        ("range", "daily", "open = high + 0.01"),
        ("turnover", "daily", "volume = volume / 100"),
        ("basic_close", "daily_basic", "close = close + 0.01"),
        ("turnover_rate", "daily_basic", "turnover_rate = turnover_rate + 0.001"),
        ("market_value", "daily_basic", "total_mv = total_mv / 10000"),
        ("float_value", "daily_basic", "circ_mv = circ_mv * 1.01"),
        ("flow_sides", "moneyflow", "buy_sm_vol = buy_sm_vol + 1000"),
        ("flow_total", "moneyflow", "buy_lg_amount = buy_lg_amount * 1.5, sell_lg_amount = sell_lg_amount * 1.5"),
        ("limit", "stk_limit", "up_limit = (up_limit + down_limit) / 2.3"),
    ],
)
def test_a_contradiction_of_a_day_is_found_there(
    stored: list[DailyBar], kind: str, table: str, assignment: str
) -> None:
    bar = stored[30]
    change(table, bar, assignment)
    assert (kind, bar.symbol, bar.trade_date) in found(audit((), Scope()))
    assert (kind, bar.symbol, bar.trade_date) in found(audit([table], Scope(bar.trade_date, bar.trade_date)))
    assert audit((), Scope(end=stored[28].trade_date)).findings == 0
    assert audit((), Scope(symbols=("000000.SZ",))).findings == 0


def test_a_balance_sheet_that_does_not_balance_is_found(stored: list[DailyBar]) -> None:
    model = DATASETS["balancesheet"].model
    sheet = model._default_manager.exclude(total_assets=None).first()
    assert sheet is not None
    model._default_manager.filter(pk=sheet.pk).update(total_liab=1e6, total_assets=1.1e6)
    assert found(audit(["balancesheet"], Scope())) == {("balance", sheet.symbol, sheet.end_date)}


def test_a_row_on_a_closed_day_is_found(stored: list[DailyBar]) -> None:
    sunday = TradingDay.objects.filter(is_open=False, trade_date__lt=date(2024, 6, 20)).order_by("-trade_date")[0]
    AdjFactor.objects.create(symbol=stored[0].symbol, trade_date=sunday.trade_date, adj_factor=1)
    assert found(audit((), Scope())) == {("closed_day", stored[0].symbol, sunday.trade_date)}


def test_rows_of_a_code_that_no_list_has_are_found(stored: list[DailyBar]) -> None:
    Security.objects.filter(symbol=stored[0].symbol).delete()
    report = audit(["daily"], Scope())
    assert report.kinds == {"unknown_code": len(stored)}
    Security.objects.create(symbol=stored[0].symbol, inferred=True, list_date=stored[0].trade_date)
    assert audit(["daily"], Scope()).findings == len(stored)
    MovedCode.objects.create(old_symbol=stored[0].symbol, new_symbol="920999.BJ")
    assert audit(["daily"], Scope()).findings == 0
    MovedCode.objects.all().delete()
    Security.objects.all().delete()
    assert audit(["daily"], Scope()).findings == 0


def test_the_first_link_of_a_window_is_checked_too(stored: list[DailyBar]) -> None:
    at = next(at for at in range(20, 40) if abs((stored[at].close or 0) - (stored[at].pre_close or 0)) > 0.05)
    DailyBar.objects.filter(symbol=stored[at].symbol, trade_date=stored[at].trade_date).delete()
    after = stored[at + 1].trade_date
    report = audit((), Scope(start=after))
    assert ("chain", stored[0].symbol, after) in found(report)
    assert ("hole", stored[0].symbol, stored[at].trade_date) in found(report)
    assert audit((), Scope(start=stored[at + 2].trade_date)).findings == 0


def test_every_finding_is_counted_and_some_are_listed(stored: list[DailyBar]) -> None:
    DailyBar.objects.update(change=7)
    report = audit(["daily"], Scope(), 3)
    assert (report.findings, len(report.cells)) == (DailyBar.objects.count(), 3)


def test_without_any_factor_an_ex_day_is_none_and_a_hole_upwards_is_one(stored: list[DailyBar]) -> None:
    AdjFactor.objects.all().delete()
    assert audit((), Scope()).findings == 0
    at = next(at for at in range(5, 50) if (stored[at].close or 0) > (stored[at].pre_close or 0) + 0.05)
    DailyBar.objects.filter(symbol=stored[at].symbol, trade_date=stored[at].trade_date).delete()
    assert set(audit((), Scope()).kinds) == {"chain", "hole"}


def test_a_dataset_without_checks_is_refused() -> None:
    with pytest.raises(UsageError, match="Nothing is checked of trade_cal"):
        audit(["trade_cal"], Scope())


def test_bars_of_published_history_hold_two_contradictions(shared_data: Path) -> None:
    load_folder(shared_data / "stocks", "daily", "adj_factor")
    assert found(audit((), Scope())) == {
        ("turnover", "830839.BJ", date(2021, 12, 6)),
        ("turnover", "830839.BJ", date(2021, 12, 7)),
    }


def test_a_published_half_year_lacks_forty_factors_on_ex_days(shared_data: Path) -> None:
    load_folder(shared_data / "market", "daily", "adj_factor")
    report = audit((), Scope())
    assert report.kinds == {"factor_missing": 40}
    without = {cell.symbol for cell in report.cells}
    assert not AdjFactor.objects.filter(symbol__in=without).exists()


def test_rows_as_tushare_gave_them_lack_the_days_that_nobody_kept(shared_data: Path) -> None:
    load_calendar()
    for name in ("daily", "adj_factor", "daily_basic", "moneyflow"):
        store(name, native_rows(shared_data, name))
    report = audit((), Scope())
    assert set(report.kinds) == {"chain", "hole"}
    assert {cell.symbol for cell in report.cells} == {"600036.SH", "600519.SH"}
    assert all(date(2025, 10, 23) < cell.trade_date <= date(2026, 4, 15) for cell in report.cells)


def test_days_that_a_stock_cannot_have_traded_are_proved_without_a_call(shared_data: Path) -> None:
    load_folder(shared_data / "stocks", "daily", "adj_factor")
    proved = set(conclusive_cells(Scope(date(2015, 1, 1), date(2016, 12, 31))))
    assert len(proved) > 500
    traded = DailyBar.objects.filter(trade_date__range=(date(2015, 1, 1), date(2016, 12, 31)))
    assert proved.isdisjoint(traded.values_list("symbol", "trade_date"))


def test_a_day_on_which_the_price_moved_is_not_proved_to_be_without_trade(stored: list[DailyBar]) -> None:
    before = set(conclusive_cells(Scope()))
    moved = [bar for bar in stored[15:40:5] if abs((bar.close or 0) - (bar.pre_close or 0)) > 0.05]
    for bar in moved:
        DailyBar.objects.filter(symbol=bar.symbol, trade_date=bar.trade_date).delete()
    assert moved
    assert set(conclusive_cells(Scope())).isdisjoint((bar.symbol, bar.trade_date) for bar in moved)
    assert before
