"""What the ledger believes of lists and calendars: one that is empty, shrank or ends soon settles nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest

from market_data.models import DailyBar, ListDoubt, Partition, Security
from tests.market_data.doubts import WINDOW, empty, evening, serve_again, serve_folder, states, world
from tests.market_data.test_concepts import CHIPS, FIRST, SECOND, spells, sync_on, write_concepts

__all__ = ["evening", "world"]
pytestmark = pytest.mark.django_db(transaction=True)


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
    server = serve_again(world, serve, without="suspend_d")
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
