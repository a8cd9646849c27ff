"""What one odd row, column or request costs: itself."""

import csv

import pytest

from market_data.models import (
    AdjFactor,
    DailyBar,
    InterfaceDenial,
    Partition,
    Security,
    SyncFailureRecord,
    SyncRequest,
    TradingDay,
)
from tests.market_data.doubts import DAY, ONE_DAY, WINDOW, empty, evening, serve_folder, world

__all__ = ["evening", "world"]
pytestmark = pytest.mark.django_db(transaction=True)


def test_odd_rows_cost_themselves_and_are_kept_once_as_evidence(world, serve, run):
    world.write()
    bad = [
        ["4920017.BJ", "20240327", *["10.0"] * 4, 10.0, 0.0, 0.0, 1.0, 1.0],
        [world.symbols[0], "20240327", *["10.0"] * 4, 10.0, 0.0, 0.0, 1.0, 1.0],
        [world.symbols[1], "20240327", 0.0, 10.0, 0.0, 0.0, 10.0, 0.0, 0.0, 1.0, 1.0],
    ]
    empty(world, "daily", keep=lambda row: row[0] != world.symbols[1] or row[1] != "20240327")
    with (world.folder / "daily.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(bad)
    serve_folder(world, serve)
    for _ in range(2):
        code, _, _ = run("sync", "daily", *ONE_DAY)
        assert code == 1
    assert DailyBar.objects.count() == 28
    records = SyncFailureRecord.objects.order_by("third_code").values_list("third_code", flat=True)
    assert sorted(records) == ["4920017.BJ", world.symbols[0], world.symbols[1]]
    assert not Security.objects.filter(symbol="4920017.BJ").exists()
    assert set(run("gaps", "daily", *ONE_DAY)[1]["cells"][0]["symbols"]) == set(world.symbols[:2])


def test_a_nul_in_a_name_costs_one_stock_and_not_the_list(world, serve, run):
    world.write()
    path = world.folder / "stock_basic.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(f"Stock {world.symbols[3]}", "\0"), encoding="utf-8")
    serve_folder(world, serve)
    run("sync", "stock_basic")
    assert Security.objects.count() == 29
    assert Partition.objects.get(dataset="stock_basic").state == "complete"
    assert SyncFailureRecord.objects.get().third_code == world.symbols[3]


def test_a_refetch_that_fails_is_a_failure_until_it_is_answered(world, serve, run):
    server = serve(world)
    run("sync", "daily", *ONE_DAY)
    server.rules = server.rules.changed({"fault": {"broken_json": 1.0}})
    assert run("sync", "daily", *ONE_DAY, "--refetch")[0] == 1
    assert SyncFailureRecord.objects.filter(resolved_at=None).count() == 1
    server.rules = server.rules.changed({"fault": {}})
    sent = len(server.calls)
    assert run("sync", "daily", *ONE_DAY)[0] == 0
    assert len(server.calls) == sent + 1
    assert not SyncFailureRecord.objects.filter(resolved_at=None).exists()


def test_only_what_failed_is_asked_for_again(world, serve, run):
    server = serve(world)
    run("sync", "suspend_d", *WINDOW)
    run("sync", "stock_basic")
    for day in ("20240102", "20240327"):
        server.rules = server.rules.changed({"fault": {"broken_json": 1.0}})
        assert run("sync", "daily", "--start", day, "--end", day)[0] == 1
    server.rules = server.rules.changed({"fault": {}})
    sent = len(server.calls)
    assert run("retry_failures")[1] == {"retried": 2, "resolved": 2, "remaining": 0}
    asked = {call.params.get("trade_date") for call in server.calls[sent:] if call.api == "daily"}
    assert asked == {"20240102", "20240327"}
    assert DailyBar.objects.count() == 60


def test_a_column_that_stays_away_is_null_and_leaves_what_is_stored(world, serve, run):
    server = serve(world)
    run("sync", "suspend_d", *WINDOW)
    run("sync", "daily", *ONE_DAY)
    server.rules = server.rules.changed({"fault": {"wrong_columns": 1.0}})
    code, report, _ = run("sync", "daily", "--start", "20240326", "--end", "20240327", "--refetch")
    assert (code, report["inserted"], report["updated"]) == (0, 30, 0)
    assert not DailyBar.objects.filter(trade_date=DAY, amount=None).exists()
    assert set(DailyBar.objects.exclude(trade_date=DAY).values_list("amount", flat=True)) == {None}


def test_what_was_never_run_says_so(world, serve, run):
    serve(world, deny=("daily",))
    code, report, _ = run("sync", "daily", *ONE_DAY)
    assert (code, report["status"], report["provider"]) == (4, "FAILED", "tushare")
    assert InterfaceDenial.objects.exists()
    server = serve(world, token=("another",))
    code, report, _ = run("sync", "adj_factor", *ONE_DAY)
    assert code == 4
    assert AdjFactor.objects.count() == 0
    assert server.calls
    assert TradingDay.objects.exists()
    assert SyncRequest.objects.exists()
