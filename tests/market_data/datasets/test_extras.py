"""The datasets that are synced by name, through the commands, against a stand-in."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from market_data.datasets import DATASETS, IN_ALL
from market_data.engine.ledger import clock
from market_data.engine.storing.checks import Window, check
from market_data.models import IndexBar, MoneyFlow, MovedCode, NameChange, Partition, PriceLimit, SyncFailureRecord
from market_data.standin.market.generated import generate_market
from market_data.standin.tushare.interfaces import INTERFACES
from market_data.standin.tushare.server import Standin
from tests.market_data.builders import answer_of, row_of
from tests.market_data.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)
MONEYFLOW, STK_LIMIT, NAMECHANGE = DATASETS["moneyflow"], DATASETS["stk_limit"], DATASETS["namechange"]
INDEX_DAILY, BSE_MAPPING = DATASETS["index_daily"], DATASETS["bse_mapping"]
MARCH = ("--start", "20240301", "--end", "20240329")
NAMES = "ts_code,name,start_date,end_date,ann_date,change_reason"


def add_file(world: World, name: str, fields: str, rows: list[list[Any]]) -> None:
    """Give a world one more interface; the world writes its own files."""
    world.folder.mkdir(exist_ok=True)
    with (world.folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([fields.split(","), *rows])


def exported(run: Any, tmp_path: Path, dataset: str) -> list[list[str]]:
    path = tmp_path / f"{dataset}.out"
    assert run("export", dataset, "--units", "tushare", "--output", path)[0] == 0
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_none_of_them_is_part_of_all() -> None:
    assert IN_ALL == ("trade_cal", "stock_basic", "suspend_d", "daily", "adj_factor", "daily_basic")
    assert len(DATASETS) > len(IN_ALL)


def test_lots_become_shares_and_ten_thousands_become_yuan() -> None:
    row = row_of(MONEYFLOW, "000001.SZ", date(2026, 4, 15), buy_sm_vol=121485, buy_sm_amount=13596.96, net_mf_vol=-3)
    table = check(MONEYFLOW, answer_of(MONEYFLOW, [row]), Window()).table
    stored = table.to_pylist()[0]
    assert (stored["buy_sm_vol"], stored["buy_sm_amount"], stored["net_mf_vol"]) == (12148500, 135969600, -300)


def test_what_no_market_can_have_produced_is_refused() -> None:
    day = date(2024, 3, 1)
    sold = row_of(MONEYFLOW, "600000.SH", day, sell_lg_vol=-1)
    limits = row_of(STK_LIMIT, "600000.SH", day, up_limit=9.0, down_limit=11.0)
    level = row_of(INDEX_DAILY, "000300.SH", day, low=12.0)
    for dataset, row in ((MONEYFLOW, sold), (STK_LIMIT, limits), (INDEX_DAILY, level)):
        checked = check(dataset, answer_of(dataset, [row]), Window())
        assert (checked.table.num_rows, len(checked.refused)) == (0, 1)


@pytest.fixture
def generated(settings: Any) -> Any:
    """A made-up market of 40 stocks over 30 sessions up to the end of March 2024."""
    with Standin(generate_market(40, 30, 5, "20240329")) as server:
        settings.TUSHARE_API_URL = server.url
        yield server


@pytest.mark.parametrize(("name", "model"), [("moneyflow", MoneyFlow), ("stk_limit", PriceLimit)])
def test_every_cell_is_brought_and_nothing_is_asked_twice(generated, run, name, model):
    code, report, said = run("sync", name, *MARCH)
    assert (code, report["failures"]) == (0, 0), said
    assert model.objects.count() >= report["rows"] > 700
    code, gaps, _ = run("gaps", name, *MARCH)
    assert (code, gaps["missing"], gaps["partial"]) == (0, 0, 0)
    sent = len(generated.calls)
    assert run("sync", name, *MARCH)[1]["calls"] == 0
    assert len(generated.calls) == sent


def test_price_limits_are_asked_for_by_stock_because_a_day_does_not_fit_into_an_answer(generated, run):
    run("sync", "stk_limit", *MARCH)
    asked = [call.params for call in generated.calls if call.api == "stk_limit"]
    assert len(asked) <= 40
    assert all("," not in params["ts_code"] for params in asked)


@pytest.mark.parametrize("name", ["namechange", "bse_mapping"])
def test_a_list_is_brought_in_one_call_and_is_fresh_then(generated, run, name):
    code, report, _ = run("sync", name)
    assert (code, report["calls"]) == (0, 1)
    assert report["inserted"] == report["rows"] > 0
    assert run("sync", name)[1]["calls"] == 0


def test_names_come_back_as_they_were_sent(world, serve, run, tmp_path):
    rows = [
        ["600000.SH", "浦发银行", "19991110", "20061008", "", "其他"],
        ["600000.SH", "G浦发", "20061009", "", "20061001", "股改"],
    ]
    add_file(world, "namechange", NAMES, rows)
    serve(world)
    assert run("sync", "namechange")[0] == 0
    assert exported(run, tmp_path, "namechange") == [NAMES.split(","), *rows]


def test_a_name_that_ends_is_a_version_of_its_own(world, serve, run):
    row = ["600000.SH", "浦发银行", "19991110", "", "", "其他"]
    add_file(world, "namechange", NAMES, [row])
    serve(world)
    run("sync", "namechange")
    Partition.objects.update(ask_after=clock.now())
    add_file(world, "namechange", NAMES, [[*row[:3], "20061008", *row[4:]]])
    serve(world)
    report = run("sync", "namechange")[1]
    assert (report["inserted"], report["updated"]) == (1, 0)
    ends = NameChange.objects.order_by("first_seen_at").values_list("end_date", flat=True)
    assert list(ends) == [None, date(2006, 10, 8)]


def test_names_that_tushare_gives_twice_are_stored(world, serve, run, tmp_path):
    """With and without its last day, as it did for 000005.SZ, and twice the same."""
    row = ["000005.SZ", "世纪星源", "20080625", "", "", "撤销ST"]
    rows = [[*row[:3], "20210505", *row[4:]], row, row]
    add_file(world, "namechange", NAMES, rows)
    serve(world)
    assert run("sync", "namechange")[0] == 0
    assert sorted(exported(run, tmp_path, "namechange")[1:]) == sorted(rows)
    Partition.objects.update(ask_after=clock.now())
    assert run("sync", "namechange")[1]["unchanged"] == 3


def test_a_long_list_of_names_comes_in_pages_with_those_never_announced(world, serve, run):
    rows = [[f"{600000 + n}.SH", "x", "20010105", "", "20010105" if n % 2 else "", ""] for n in range(2500)]
    add_file(world, "namechange", NAMES, rows)
    server = serve(world, cap={"namechange": 1000})
    code, report, _ = run("sync", "namechange")
    assert (code, report["rows"], NameChange.objects.count()) == (0, 2500, 2500)
    assert [call.params.get("offset") for call in server.calls] == [None, 1000, 2000]


def test_an_index_has_its_whole_history_in_two_calls(generated, run, settings):
    settings.INDEX_DAILY_SYMBOLS = ["000001.SH", "000300.SH"]
    code, report, _ = run("sync", "index_daily")
    assert (code, report["calls"], report["rows"]) == (0, 4, 60)
    assert set(IndexBar.objects.values_list("symbol", flat=True)) == {"000001.SH", "000300.SH"}
    assert run("sync", "index_daily")[1]["calls"] == 0


def test_no_call_for_an_index_can_be_longer_than_an_answer_may_be() -> None:
    assert INDEX_DAILY.as_list is not None
    calls = INDEX_DAILY.as_list.requests(date(2040, 12, 31))
    assert max((call.end - call.start).days * 250 / 365 for call in calls) < INDEX_DAILY.row_cap
    dates = sorted((call.start, call.end) for call in calls if call.params["ts_code"] == "000300.SH")
    assert (dates[1][0] - dates[0][1]).days == 1


def test_published_rows_come_back_to_the_digit(shared_data, world, serve, run, tmp_path, settings):
    settings.INDEX_DAILY_SYMBOLS = ["000300.SH"]
    source = shared_data / "native" / "index_daily" / "000300.SH.csv"
    with source.open(encoding="utf-8") as file:
        rows = {(r["ts_code"], r["trade_date"]): r for r in csv.DictReader(file)}
    world.folder.mkdir()
    (world.folder / "index_daily.csv").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    serve(world)
    code, report, said = run("sync", "index_daily")
    assert (code, report["rows"]) == (0, len(rows)), said
    names, *back = exported(run, tmp_path, "index_daily")
    assert len(back) == len(rows)
    for row in (dict(zip(names, values, strict=True)) for values in back):
        sent = rows[row["ts_code"], row["trade_date"]]
        assert {name: float(row[name]) for name in names[2:]} == {name: float(sent[name]) for name in names[2:]}


def test_moved_codes_are_stored_by_the_old_one(generated, run):
    run("sync", "bse_mapping")
    assert MovedCode.objects.get(old_symbol="830001.BJ").new_symbol == "920001.BJ"


def test_a_refused_row_of_an_index_is_kept_as_a_failure(world, serve, run, settings):
    settings.INDEX_DAILY_SYMBOLS = ["000300.SH"]
    fields = "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount"
    good, bad = ([f"2024030{n}", *[10] * 9] for n in (1, 4))
    bad[4] = -1
    add_file(world, "index_daily", fields, [["000300.SH", *row] for row in (good, bad)])
    serve(world)
    assert run("sync", "index_daily")[0] == 1
    assert IndexBar.objects.count() == 1
    assert SyncFailureRecord.objects.get().third_code == "000300.SH"


def test_the_fields_are_those_that_the_provider_has() -> None:
    for name in ("moneyflow", "stk_limit", "namechange", "bse_mapping", "index_daily"):
        known = INTERFACES[name].shown + INTERFACES[name].hidden
        assert {field.source for field in DATASETS[name].fields} == set(known), name
