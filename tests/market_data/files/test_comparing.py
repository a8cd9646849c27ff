"""Two providers' words about the same stocks and days."""

from typing import Any

import pytest
from django.core.management import call_command

from market_data.models import DailyBar
from market_data.standin.tushare.server import Standin
from tests.market_data.providers.sources import SYMBOL

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("tushare", "eastmoney")]
MARCH = ("--start", "20240301", "--end", "20240329")


OTHER = "600001.SH"
TWO = ("--providers", "tushare,akshare", "--symbols", SYMBOL)
STORED = ("--providers", "local,tushare", "--symbols", SYMBOL)


def test_two_providers_of_one_market_agree_and_nothing_is_stored(run: Any) -> None:
    code, report, said = run("compare", "daily", *TWO, *MARCH)
    assert (code, report["different"], report["cells"], report["only"]) == (0, 0, [], []), said
    assert report["providers"] == ["tushare", "akshare"]
    assert report["compared"] > 150
    assert not DailyBar.objects.exists()


def test_cells_that_differ_are_listed_with_both_values(run: Any, tushare: Standin) -> None:
    tushare.rules = tushare.rules.changed({"restate": {"20240315": 1.05}})
    code, report, _ = run("compare", "daily", *TWO, *MARCH)
    assert (code, report["only"]) == (1, [])
    assert report["different"] == len(report["cells"])
    assert {cell["trade_date"] for cell in report["cells"]} == {"20240315"}
    assert {"open", "high", "low", "close", "pre_close"} <= {cell["column"] for cell in report["cells"]}
    close = next(cell for cell in report["cells"] if cell["column"] == "close")
    assert (close["symbol"], close["tushare"]) == (SYMBOL, pytest.approx(close["akshare"] * 1.05, abs=0.006))


def test_differences_within_the_tolerance_are_none(run: Any, tushare: Standin) -> None:
    tushare.rules = tushare.rules.changed({"restate": {"20240315": 1.05}})
    code, report, _ = run("compare", "daily", *TWO, *MARCH, "--tolerance", "0.2")
    assert (code, report["different"]) == (0, 0)


def test_a_day_that_only_one_has_is_named(run: Any, tushare: Standin) -> None:
    tushare.rules = tushare.rules.changed({"late": ["20240315"]})
    code, report, _ = run("compare", "daily", *TWO, *MARCH)
    assert (code, report["different"]) == (1, 0)
    (row,) = report["only"]
    assert (row["symbol"], row["trade_date"], row["provider"]) == (SYMBOL, "20240315", "akshare")
    assert "close" in row["columns"]


def test_what_is_stored_can_be_compared_with_a_provider(run: Any) -> None:
    run("sync", "daily", "--symbols", f"{SYMBOL},{OTHER}", *MARCH)
    compare = ("compare", "daily", "--providers", "local,tushare", "--symbols", f"{SYMBOL},{OTHER}", *MARCH)
    code, report, _ = run(*compare)
    assert (code, report["different"], report["only"]) == (0, 0, [])
    bar = DailyBar.objects.filter(symbol=OTHER).order_by("trade_date")[3]
    DailyBar.objects.filter(symbol=OTHER, trade_date=bar.trade_date).update(close=99.0, amount=None)
    code, report, _ = run(*compare)
    day = f"{bar.trade_date:%Y%m%d}"
    assert code == 1
    assert report["cells"] == [
        {"symbol": OTHER, "trade_date": day, "column": "close", "local": 99.0, "tushare": bar.close}
    ]
    assert report["only"] == [{"symbol": OTHER, "trade_date": day, "provider": "tushare", "columns": ["amount"]}]


def test_a_column_that_a_provider_never_gives_is_not_compared(run: Any) -> None:
    run("sync", "daily", "--symbols", SYMBOL, *MARCH)
    DailyBar.objects.update(amount=None)
    code, report, _ = run("compare", "daily", *STORED, *MARCH)
    assert (code, report["only"]) == (0, [])


def test_a_provider_that_has_nothing_at_all_does_not_agree(run: Any) -> None:
    code, report, _ = run("compare", "daily", *STORED, *MARCH)
    assert (code, report["compared"]) == (1, 0)
    assert {row["provider"] for row in report["only"]} == {"tushare"}


def test_answers_that_are_cut_are_asked_for_in_parts(run: Any, tushare: Standin) -> None:
    _, whole, _ = run("compare", "daily", *TWO, *MARCH)
    tushare.rules = tushare.rules.changed({"cap": {"daily": 5}})
    code, parts, _ = run("compare", "daily", *TWO, *MARCH)
    assert (code, parts["compared"]) == (0, whole["compared"])


def test_a_passing_fault_is_survived_and_a_lasting_one_told(run: Any, tushare: Standin, settings: Any) -> None:
    tushare.rules = tushare.rules.changed({"fault": {"http_500": 0.4}, "seed": 3})
    assert run("compare", "daily", *TWO, *MARCH)[0] == 0
    settings.TUSHARE_API_URL = "http://127.0.0.1:9"
    code, report, said = run("compare", "daily", *TWO, *MARCH)
    assert (code, report) == (1, {})
    assert "does not answer" in said


def test_without_an_account_nothing_is_compared(run: Any, settings: Any) -> None:
    settings.TUSHARE_TOKEN = ""
    code, _, said = run("compare", "daily", *TWO, *MARCH)
    assert code == 4
    assert "TUSHARE_TOKEN" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("bars", *TWO), "There is no dataset 'bars'"),
        (("trade_cal", *TWO), "no row for each stock and day"),
        (("income", *TWO), "no row for each stock and day"),
        (("adj_factor", *TWO), "akshare has no adj_factor"),
        (("daily", "--providers", "tushare,tushare", "--symbols", SYMBOL), "two different providers"),
        (("daily", "--providers", "tushare,nobody", "--symbols", SYMBOL), "nobody"),
        (("daily", "--providers", "tushare", "--symbols", SYMBOL), ""),
        (("daily", *TWO, "--tolerance", "-1"), ""),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(run: Any, arguments: tuple[str, ...], sentence: str) -> None:
    code, report, said = run("compare", *arguments, *MARCH)
    assert (code, report) == (2, {})
    assert sentence in said


def test_people_see_the_cells_in_words(tushare: Standin, capsys: pytest.CaptureFixture[str]) -> None:
    tushare.rules = tushare.rules.changed({"restate": {"20240315": 1.05}})
    with pytest.raises(SystemExit):
        call_command("compare", "daily", *TWO, *MARCH)
    said = capsys.readouterr().out
    assert f"{SYMBOL} 20240315 close: tushare " in said
    assert "cells compared" in said
