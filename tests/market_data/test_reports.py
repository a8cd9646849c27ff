"""Reports by quarter: versions that are kept, and a ledger that knows whose is missing."""

import csv
from datetime import date
from typing import Any

import pytest

from market_data.datasets import DATASETS
from market_data.datasets.quarters import quarter_ends
from market_data.engine.storing.checks import Window, check
from market_data.models import FinaIndicator, IncomeStatement, InterfaceDenial, Partition
from market_data.providers.base import Answer
from tests.market_data.report_worlds import Report, report, write_reports
from tests.market_data.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)
FINA, INCOME = DATASETS["fina_indicator"], DATASETS["income"]
FIRST, LAST = date(2022, 1, 1), date(2023, 12, 31)
QUARTERS = quarter_ends(FIRST, LAST)
WINDOW = ("--start", "20220101", "--end", "20231231")


@pytest.fixture
def reporting(tmp_path: Any) -> World:
    """Twelve stocks that are listed in 2021, with reports on eight quarters."""
    world = World(tmp_path / "reporting", 12, date(2021, 6, 1), date(2021, 6, 30))
    world.write()
    return world


def all_reports(world: World, dataset: Any = FINA) -> list[Report]:
    return [report(dataset, symbol, quarter) for symbol in world.symbols for quarter in QUARTERS]


def exported_rows(run: Any, tmp_path: Any, name: str) -> list[dict[str, str]]:
    path = tmp_path / "out.csv"
    assert run("export", name, "--units", "tushare", "--output", path)[0] == 0
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_texts(row: Report) -> dict[str, str]:
    return {name: str(value) for name, value in row.items()}


@pytest.mark.parametrize("market_too", [False, True])
@pytest.mark.parametrize("name", ["fina_indicator", "income", "balancesheet", "cashflow"])
def test_reports_come_and_go_out_with_every_field(name, market_too, reporting, serve, run, tmp_path):
    rows = all_reports(reporting, DATASETS[name])
    write_reports(reporting, name, rows, market_too=market_too)
    server = serve(reporting)
    code, told, said = run("sync", name, *WINDOW)
    assert (code, told["inserted"]) == (0, len(rows)), said
    by_market = [call for call in server.calls if call.api == f"{name}_vip" and call.outcome == "ok"]
    by_symbol = [call for call in server.calls if call.api == name]
    assert (len(by_market), len(by_symbol)) == ((8, 0) if market_too else (0, 12))
    key = ("ts_code", "end_date")
    sent = sorted((as_texts(row) for row in rows), key=lambda row: [row[k] for k in key])
    assert sorted(exported_rows(run, tmp_path, name), key=lambda row: [row[k] for k in key]) == sent
    code, gaps, _ = run("gaps", name, *WINDOW)
    assert (code, gaps["complete"], gaps["missing"], gaps["partial"]) == (0, 8, 0, 0)
    calls = len(server.calls)
    assert run("sync", name, *WINDOW)[1]["calls"] == 0
    assert len(server.calls) == calls


def test_an_account_that_may_not_ask_for_the_market_is_told_once(reporting, serve, run):
    write_reports(reporting, "fina_indicator", all_reports(reporting))
    server = serve(reporting)
    assert run("sync", "fina_indicator", *WINDOW)[0] == 0
    assert InterfaceDenial.objects.get().api_name == "fina_indicator_vip"
    run("sync", "fina_indicator", *WINDOW, "--refetch")
    assert len([call for call in server.calls if call.api == "fina_indicator"]) == 24
    asked = [call for call in server.calls if call.api == "fina_indicator_vip"]
    assert 1 <= len(asked) <= 8


def test_points_say_beforehand_what_may_be_asked(reporting, serve, run, settings):
    settings.TUSHARE_POINTS = 2000
    write_reports(reporting, "fina_indicator", all_reports(reporting), market_too=True)
    server = serve(reporting)
    assert run("sync", "fina_indicator", *WINDOW)[0] == 0
    assert not [call for call in server.calls if call.api == "fina_indicator_vip"]


def test_every_version_is_kept_once(reporting, serve, run):
    symbol, quarter = reporting.symbols[0], QUARTERS[3]
    twins = [report(FINA, symbol, quarter)] * 2
    rows = [*all_reports(reporting), report(FINA, symbol, quarter, version=1), twins[0]]
    write_reports(reporting, "fina_indicator", rows)
    serve(reporting)
    assert run("sync", "fina_indicator", *WINDOW)[1]["inserted"] == len(rows)
    again = run("sync", "fina_indicator", *WINDOW, "--refetch")[1]
    assert (again["inserted"], again["updated"], again["unchanged"]) == (0, 0, len(rows))
    assert FinaIndicator.objects.filter(symbol=symbol, end_date=quarter).count() == 3
    rows.append(report(FINA, symbol, quarter, version=2))
    write_reports(reporting, "fina_indicator", rows)
    serve(reporting)
    assert run("sync", "fina_indicator", *WINDOW, "--refetch")[1]["inserted"] == 1


def test_a_report_that_nobody_has_is_missing_then_absent(reporting, serve, run):
    rows = [row for row in all_reports(reporting) if row["end_date"] != "20220630" or row["ts_code"] != "600002.SH"]
    write_reports(reporting, "fina_indicator", rows)
    serve(reporting)
    assert run("sync", "fina_indicator", *WINDOW)[0] == 0
    code, gaps, _ = run("gaps", "fina_indicator", *WINDOW)
    assert (code, gaps["complete"], gaps["absent"]) == (0, 7, 1)
    assert gaps["cells"] == [
        {"trade_date": "20220630", "expected": 12, "got": 11, "state": "absent", "reason": "", "symbols": ["600002.SH"]}
    ]


def test_who_was_not_listed_yet_or_no_more_owes_no_report(reporting, serve, run):
    reporting.listed[reporting.symbols[0]] = date(2023, 2, 1)
    reporting.delisted[reporting.symbols[1]] = date(2022, 8, 1)
    reporting.write()
    rows = [
        row
        for row in all_reports(reporting)
        if (row["ts_code"] != reporting.symbols[0] or row["end_date"] >= "20230331")
        and (row["ts_code"] != reporting.symbols[1] or row["end_date"] <= "20220331")
    ]
    write_reports(reporting, "fina_indicator", rows)
    serve(reporting)
    assert run("sync", "fina_indicator", *WINDOW)[0] == 0
    counts = dict(Partition.objects.filter(dataset="fina_indicator").values_list("trade_date", "expected"))
    assert [counts[quarter] for quarter in QUARTERS] == [11, 10, 10, 10, 11, 11, 11, 11]


@pytest.mark.parametrize("column", ["roe", "profit_to_op"])
def test_a_figure_that_is_none_costs_its_row(column):
    rows = [report(FINA, symbol, QUARTERS[0]) for symbol in ("600000.SH", "600001.SH")]
    rows[0][column] = "high"
    checked = check(FINA, Answer({name: [row[name] for row in rows] for name in rows[0]}, 2), Window())
    assert checked.table["symbol"].to_pylist() == ["600001.SH"]
    assert f"its {column} is no number" in checked.refused[0].reason


def test_a_figure_that_stays_away_is_null_and_its_reports_come(reporting, serve, run):
    rows = all_reports(reporting)
    for row in rows:
        row["roe_renamed"] = row.pop("roe")
    write_reports(reporting, "fina_indicator", rows)
    serve(reporting)
    assert run("sync", "fina_indicator", *WINDOW)[0] == 0
    assert set(FinaIndicator.objects.values_list("roe", flat=True)) == {None}


def test_statements_are_asked_by_announcement_and_kept_by_period(reporting, serve, run):
    rows = all_reports(reporting, INCOME)
    write_reports(reporting, "income", rows)
    server = serve(reporting)
    assert run("sync", "income", "--start", "20230101", "--end", "20230930", "--symbols", "600001.SH")[0] == 0
    assert IncomeStatement.objects.filter(symbol="600001.SH", end_date__gte=date(2023, 3, 31)).count() == 4
    (call,) = [call for call in server.calls if call.api == "income"]
    assert (call.params["start_date"], "end_date" in call.params) == ("20230331", False)


def test_the_price_counts_pages_and_knows_quarters_before_any_list(reporting, serve, run):
    assert run("sync", "income", *WINDOW, "--dry-run")[1]["calls"] == 8
    write_reports(reporting, "income", all_reports(reporting, INCOME), market_too=True)
    serve(reporting)
    run("sync", "stock_basic")
    run("sync", "trade_cal")
    told = run("sync", "income", *WINDOW, "--dry-run")[1]
    assert (told["calls"], told["rows_expected"]) == (8, 96)
