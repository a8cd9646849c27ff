"""What the ledger believes: answers that look clean and are not true settle nothing."""

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from market_data.engine.orders import Order
from market_data.engine.sync import Session, sync
from market_data.models import (
    AdjFactor,
    DailyBar,
    InterfaceDenial,
    LearntCap,
    LearntStart,
    ListDoubt,
    Partition,
    Security,
    SyncFailureRecord,
    SyncRequest,
    TradingDay,
)
from market_data.standin.tushare.server import Standin
from tests.market_data.test_concepts import CHIPS, FIRST, SECOND, spells, sync_on, write_concepts
from tests.market_data.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)
WINDOW = ("--start", "20240101", "--end", "20240329")
DAY = date(2024, 3, 27)
ONE_DAY = ("--start", "20240327", "--end", "20240327")
Serve = Callable[..., Standin]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Thirty stocks in the first quarter of 2024."""
    world = World(tmp_path / "world", 30, date(2024, 1, 1), date(2024, 3, 29))
    world.known_until = date(2024, 12, 31)
    return world


@pytest.fixture(autouse=True)
def evening() -> Any:
    """The evening of the last session, which a test may move on."""
    with time_machine.travel("2024-03-29 20:00:00+08:00", tick=True) as traveller:
        yield traveller


def states(name: str) -> set[str]:
    return set(Partition.objects.filter(dataset=name).values_list("state", flat=True))


def empty(world: World, name: str, *, keep: Callable[[list[str]], bool] = lambda row: False) -> None:
    """Take the rows out of a written file, but for those to keep."""
    path = world.folder / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *filter(keep, rows)])


def serve_again(server: Standin, world: World, serve: Serve, *, without: str) -> Standin:
    """The same world, whose source has nothing in one of its files."""
    world.write()
    original = world.write
    world.write = lambda: (original(), empty(world, without), world)[2]  # type: ignore[method-assign]
    try:
        return serve(world)
    finally:
        world.write = original  # type: ignore[method-assign]


@pytest.mark.parametrize("name", ["daily", "adj_factor", "daily_basic"])
def test_an_empty_day_proves_nothing_and_comes_when_the_source_is_well(name, world, serve, run):
    server = serve_again(serve(world), world, serve, without=name)
    code, report, said = run("sync", name, *ONE_DAY)
    assert (code, report["status"], report["rows"]) == (1, "PARTIAL", 0)
    assert "suspect" in said
    code, gaps, _ = run("gaps", name, *ONE_DAY)
    assert (code, gaps["suspect"], gaps["absent"], gaps["missing"]) == (1, 1, 0, 0)
    assert "0 of 30" in gaps["cells"][0]["reason"]
    assert len(gaps["cells"][0]["symbols"]) == 30
    assert server.calls[-1].params["trade_date"] == "20240327"
    serve(world)
    code, report, _ = run("sync", name, *ONE_DAY)
    assert (code, report["rows"], states(name)) == (0, 30, {"complete"})


@pytest.mark.parametrize("name", ["daily", "adj_factor"])
def test_two_months_of_empty_answers_settle_nothing(name, world, serve, run):
    serve_again(serve(world), world, serve, without=name)
    for _ in range(2):
        assert run("sync", name, *WINDOW)[0] == 1
    assert states(name) == {"suspect"}
    serve(world)
    assert run("sync", name, *WINDOW)[0] == 0
    assert states(name) == {"complete"}


def test_a_suspect_day_is_taken_for_the_truth_after_five_answers_on_five_days(world, serve, run, evening):
    world.absent = {(symbol, DAY) for symbol in world.symbols}
    serve(world)
    found = []
    for day in range(5):
        for hour in (0, 2):
            evening.move_to(datetime(2024, 3, 29, 12 + hour, tzinfo=UTC) + timedelta(days=day))
            run("sync", "daily", *ONE_DAY)
        found.append(Partition.objects.get(dataset="daily", trade_date=DAY).state)
    assert found == ["suspect"] * 4 + ["absent"]
    assert run("gaps", "daily", *ONE_DAY)[0] == 0


def test_a_person_may_take_a_suspect_day_for_settled(world, serve, run):
    world.absent = {(symbol, DAY) for symbol in world.symbols}
    serve(world)
    run("sync", "daily", *WINDOW)
    assert run("gaps", "daily", "--accept", "20240326,20240327")[1] == {"accepted": 1}
    code, gaps, _ = run("gaps", "daily", *WINDOW)
    assert (code, gaps["absent"], gaps["suspect"]) == (0, 1, 0)
    assert run("sync", "daily", *WINDOW)[1]["calls"] == 0


def test_a_day_that_came_for_the_greater_part_is_no_suspect(world, serve, run):
    world.absent = {(symbol, DAY) for symbol in world.symbols[:5]}
    serve(world)
    run("sync", "daily", *ONE_DAY)
    assert states("daily") == {"partial"}


@pytest.mark.parametrize("name", ["daily", "adj_factor"])
@pytest.mark.parametrize("hides_more", [True, False])
def test_a_lower_cap_than_is_known_is_met_once_and_remembered(name, hides_more, world, serve, run):
    server = serve(world, cap={name: 15}, hides_more=hides_more)
    code, report, _ = run("sync", name, *ONE_DAY)
    assert (code, report["rows"] >= 30, states(name)) == (0, True, {"complete"})
    assert LearntCap.objects.get().rows == 15
    sent = len(server.calls)
    code, report, _ = run("sync", name, "--start", "20240326", "--end", "20240326")
    assert (code, states(name)) == (0, {"complete"})
    asked = [call.params for call in server.calls[sent:] if call.api == name]
    assert asked
    assert all("trade_date" not in params for params in asked)


@pytest.mark.parametrize("hides_more", [True, False])
def test_the_plan_grows_by_the_calls_that_take_a_cut_one_s_place(hides_more, world, serve):
    serve(world, cap={"daily": 15}, hides_more=hides_more)
    totals = []
    sync("daily", Order(date(2024, 3, 26), date(2024, 3, 26)), Session(lambda runner: totals.append(runner.totals)))
    assert totals[-1].planned == totals[-1].done > 1


def test_a_cut_answer_for_lists_over_many_days_is_found_out(world, serve, run):
    serve(world, cap={"daily": 500}, hides_more=True)
    code, _, _ = run("sync", "daily", *WINDOW)
    assert (code, states("daily")) == (0, {"complete"})
    assert DailyBar.objects.count() == len(world.cells())


def test_a_list_of_stocks_that_is_empty_at_first_makes_nothing_complete(world, serve, run):
    world.delisted[world.symbols[0]] = date(2024, 2, 1)
    server = serve(world)
    world.write()
    empty(world, "stock_basic", keep=lambda row: "D" in row)
    server = serve_folder(world, serve)
    code, report, said = run("sync", "daily", *WINDOW)
    assert (code, report["status"]) == (1, "PARTIAL")
    assert "stock list is not believed" in said
    assert run("gaps", "daily", *WINDOW)[0] == 1
    serve(world)
    assert run("sync", "daily", *WINDOW)[0] == 0
    assert server is not None


def serve_folder(world: World, serve: Serve) -> Standin:
    """Serve the files as they are."""
    original = world.write
    world.write = lambda: world  # type: ignore[method-assign]
    try:
        return serve(world)
    finally:
        world.write = original  # type: ignore[method-assign]


@pytest.mark.parametrize("left", [0, 15])
def test_a_list_that_shrank_is_kept_out_and_the_old_one_stays(left, world, serve, run, evening):
    serve(world)
    run("sync", "stock_basic")
    world.unlisted = set(world.symbols[left:])
    server = serve(world)
    for hours in (0, 1, 9, 18):
        evening.move_to(datetime(2024, 3, 30, 0, tzinfo=UTC) + timedelta(hours=hours))
        code, report, said = run("sync", "stock_basic", "--refetch")
        if hours < 18:
            assert (code, report["status"], report["rows"]) == (1, "PARTIAL", left)
            assert f"{left} rows came where it had 30" in said
            assert Security.objects.filter(delist_date=None).count() == 30
            assert Partition.objects.get(dataset="stock_basic").state == "suspect"
    # Alike three times, eight hours apart, it is believed.
    assert len(server.calls) >= 12
    assert Security.objects.filter(delist_date=None).count() == left
    assert not ListDoubt.objects.exists()


def test_a_person_may_take_a_shrunk_list_for_the_truth(world, serve, run, evening):
    serve(world)
    run("sync", "stock_basic")
    evening.move_to(datetime(2024, 3, 30, 12, tzinfo=UTC))
    world.unlisted = set(world.symbols[15:])
    serve(world)
    assert run("sync", "stock_basic", "--refetch")[0] == 1
    assert run("gaps", "stock_basic", "--accept", "whole")[1] == {"accepted": 1}
    assert run("sync", "stock_basic")[0] == 0
    assert Security.objects.filter(delist_date=None).count() == 15


def test_a_person_takes_what_was_seen_for_the_truth_and_nothing_else(world, serve, run, evening):
    serve(world)
    run("sync", "stock_basic")
    evening.move_to(datetime(2024, 3, 30, 12, tzinfo=UTC))
    symbols = list(world.symbols)
    world.unlisted = set(symbols[15:])
    serve(world)
    run("sync", "stock_basic", "--refetch")
    run("gaps", "stock_basic", "--accept", "whole")
    world.unlisted = set(symbols[1:])
    serve(world)
    for _ in range(2):
        assert run("sync", "stock_basic", "--refetch")[0] == 1
        assert Security.objects.filter(delist_date=None).count() == 30


def test_half_a_list_of_boards_ends_no_board(world, serve, run):
    boards = {f"8850{n:02}.TI": f"Board {n}" for n in range(20)}
    members = dict.fromkeys(boards, world.symbols[:12])
    write_concepts(world, boards, members)
    serve_folder(world, serve)
    sync_on(FIRST, run)
    before = spells()
    half = dict(list(boards.items())[:10])
    write_concepts(world, half, {**members, CHIPS: world.symbols[:6]})
    serve_folder(world, serve)
    sync_on(SECOND, run)
    assert spells() == before
    assert "suspect" in states("ths_index")


def test_suspensions_that_come_empty_where_some_are_usual_are_suspect(world, serve, run):
    world.suspended = {(symbol, day) for day in world.days for symbol in world.symbols[:2]}
    serve(world)
    assert run("sync", "suspend_d", "--start", "20240101", "--end", "20240229")[0] == 0
    server = serve_again(serve(world), world, serve, without="suspend_d")
    code, report, _ = run("sync", "suspend_d", *WINDOW)
    assert (code, report["status"]) == (1, "PARTIAL")
    gaps = run("gaps", "suspend_d", *WINDOW)[1]
    assert gaps["suspect"] == sum(day >= date(2024, 3, 1) for day in world.days)
    assert "usual" in gaps["cells"][0]["reason"]
    assert server.calls
    serve(world)
    assert run("sync", "suspend_d", *WINDOW)[0] == 0


def test_a_due_weekday_that_no_calendar_knows_is_not_complete(world, serve, run, evening):
    world.known_until = world.last
    serve(world)
    assert run("sync", "daily", *WINDOW)[0] == 0
    evening.move_to(datetime(2024, 4, 3, 12, tzinfo=UTC))
    for name in ("daily", "suspend_d"):
        code, report, said = run("sync", name, "--start", "20240301")
        assert (code, report["status"]) == (1, "PARTIAL"), name
        assert "No calendar knows 3 weekdays that are due (20240401 to 20240403)" in said
        code, gaps, said = run("gaps", name, "--start", "20240301")
        assert (code, gaps["missing"], "No calendar knows" in said) == (1, 3, True)
    world.days += [date(2024, 4, day) for day in (1, 2, 3)]
    world.known_until = date(2024, 12, 31)
    serve(world)
    code, _, _ = run("sync", "daily", "--start", "20240301")
    assert (code, DailyBar.objects.filter(trade_date="2024-04-03").count()) == (0, 30)


def test_a_calendar_that_ends_soon_is_asked_for_once_a_day(world, serve, run, evening):
    world.known_until = date(2024, 4, 30)
    server = serve(world)
    run("sync", "trade_cal")
    asked = []
    for hours in (1, 20, 22, 44):
        evening.move_to(datetime(2024, 3, 29, 12, tzinfo=UTC) + timedelta(hours=hours))
        before = len(server.calls)
        run("sync", "trade_cal")
        asked.append(len(server.calls) > before)
    assert asked == [False, True, False, True]


def test_a_calendar_that_ended_is_asked_for_once_a_day_by_what_works_on_the_past(world, serve, run, evening):
    world.known_until = world.last
    server = serve(world)
    evening.move_to(datetime(2024, 4, 3, 12, tzinfo=UTC))
    asked = []
    for end in ("20240328", "20240328", "20240403", "20240403"):
        before = len(server.calls)
        run("sync", "adj_factor", "--start", "20240301", "--end", end)
        asked.append([call.api for call in server.calls[before:]].count("trade_cal") > 0)
    assert asked == [True, False, True, True], "a window that holds unknown days may be known meanwhile"


def test_a_calendar_that_knows_enough_rests(world, serve, run, evening):
    server = serve(world)
    run("sync", "trade_cal")
    before = len(server.calls)
    evening.move_to(datetime(2024, 4, 3, 12, tzinfo=UTC))
    run("sync", "trade_cal")
    assert len(server.calls) == before


def test_nothing_is_complete_where_nothing_can_be_expected(world, run):
    for name in ("daily", "suspend_d", "adj_factor"):
        code, gaps, said = run("gaps", name, *WINDOW)
        assert (code, gaps["complete"]) == (1, 0)
        assert "There is no trading calendar" in said


def test_days_before_the_history_of_a_source_are_no_holes(world, serve, run):
    late = world.days[20]
    world.absent = {(symbol, day) for symbol in world.symbols for day in world.days[:20]}
    serve(world)
    run("sync", "daily", "--start", f"{late:%Y%m%d}", "--end", "20240329")
    server = serve(world)
    run("sync", "daily", *WINDOW)
    code, gaps, _ = run("gaps", "daily", *WINDOW)
    assert LearntStart.objects.get().first_day == late
    assert (code, gaps["complete"], gaps["suspect"]) == (0, len(world.days) - 20, 0)
    assert len(server.calls) < 20
    again = len(server.calls)
    run("sync", "daily", *WINDOW)
    assert len(server.calls) == again


def test_a_stock_that_no_list_names_any_more_ends_and_nothing_waits_for_it(world, serve, run, evening):
    serve(world)
    run("sync", "daily", *WINDOW)
    old, new = world.symbols[0], "302132.SZ"
    evening.move_to(datetime(2024, 4, 3, 12, tzinfo=UTC))
    world.days += [date(2024, 4, day) for day in (1, 2, 3)]
    world.symbols[0], world.listed[new] = new, world.listed.pop(old)
    world.write()
    path = world.folder / "stock_basic.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(f"Stock {new}", f"Stock {old}"), encoding="utf-8")
    serve_folder(world, serve)
    code, _, _ = run("sync", "daily", "--start", "20240329", "--end", "20240403")
    gone = Security.objects.get(symbol=old)
    assert (gone.delist_date, gone.moved_to) == (date(2024, 3, 30), new)
    assert code == 0
    assert run("gaps", "daily", "--start", "20240329", "--end", "20240403")[0] == 0


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
