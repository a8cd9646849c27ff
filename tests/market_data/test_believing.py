"""What the ledger believes: answers that look clean and are not true settle nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest

from market_data.engine.orders import Order
from market_data.engine.sync import Session, sync
from market_data.models import DailyBar, LearntCap, LearntStart, Partition, Security
from tests.market_data.doubts import DAY, ONE_DAY, WINDOW, evening, serve_again, serve_folder, states, world

__all__ = ["evening", "world"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("name", ["daily", "adj_factor", "daily_basic"])
def test_an_empty_day_proves_nothing_and_comes_when_the_source_is_well(name, world, serve, run):
    server = serve_again(world, serve, without=name)
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
    serve_again(world, serve, without=name)
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
