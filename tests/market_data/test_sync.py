"""A sync from the provider's answer to the export, through the commands."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from market_data.datasets import DATASETS
from market_data.engine.ledger import clock
from market_data.engine.ledger.cells import SESSIONS_UNTIL_GONE
from market_data.engine.running import tasks
from market_data.models import CoverageCell, DailyBar, Partition, Revision, Security, SyncFailureRecord, SyncTask
from tests.market_data.builders import pass_to_another_host
from tests.market_data.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)
WINDOW = ("--start", "20240101", "--end", "20240329")
MARCH = ("--start", "20240301", "--end", "20240329")


def calls_of(server: Any, name: str) -> list[Any]:
    return [call for call in server.calls if call.api == name]


def exported(run: Any, tmp_path: Any, dataset: str) -> str:
    path = tmp_path / f"{dataset}.out"
    code, _, _ = run("export", dataset, "--units", "tushare", "--output", path)
    assert code == 0
    return path.read_text(encoding="utf-8")


def test_a_first_sync_brings_everything_and_gives_it_back_to_the_digit(world, serve, run, tmp_path):
    world.suspended = {(world.symbols[0], day) for day in world.days[5:9]}
    world.listed[world.symbols[1]] = world.days[20]
    world.delisted[world.symbols[2]] = world.days[40]
    serve(world)
    code, report, said = run("sync", "all", *WINDOW)
    assert (code, said) == (0, "")
    assert report["dataset"] == "all"
    assert report["rows"] == sum(part["rows"] for part in report["datasets"])
    for name in ("trade_cal", "stock_basic", "suspend_d", "daily", "adj_factor", "daily_basic"):
        assert exported(run, tmp_path, name) == world.source(name), name
        code, gaps, _ = run("gaps", name, *WINDOW)
        assert (code, gaps["missing"], gaps["partial"], gaps["absent"], gaps["cells"]) == (0, 0, 0, 0, []), name


def test_without_a_list_named_stocks_come_and_those_that_nobody_has_are_forgotten(world, serve, run):
    serve(world, allow_only=("daily",))
    known = world.symbols[0]
    code, report, said = run("sync", "daily", *MARCH, "--symbols", f"{known},999999.SH")
    assert report["rows"] == 21, said
    assert list(Security.objects.values_list("symbol", flat=True)) == [known]
    code, gaps, _ = run("gaps", "daily", *MARCH, "--symbols", known)
    assert (code, gaps["complete"]) == (0, 21)


def test_what_another_process_brings_is_waited_for(world, serve, run):
    serve(world)
    task = tasks.start("TRADE_CALENDAR", "trade_cal", {}, 0)

    def finish() -> None:
        tasks.finish(task, SyncTask.Status.FAILED, "It was stopped.")
        connection.close()

    other = threading.Timer(0.7, finish)
    other.start()
    code, report, said = run("sync", "daily", *WINDOW)
    other.join()
    assert (code, report["status"], report["provider"]) == (0, "COMPLETED", "tushare"), said


@pytest.mark.parametrize("lives", [True, False])
def test_whoever_works_on_it_on_another_host_is_believed_to_live_when_the_lease_moves(world, serve, run, lives):
    serve(world)
    run("sync", "suspend_d", *WINDOW)
    task = tasks.start("DAILY_HISTORY", "daily", {}, 0)
    pass_to_another_host(task, lease=timedelta(seconds=30 if lives else 2))
    ended = threading.Event()

    def live() -> None:
        while not ended.wait(0.5):
            pass_to_another_host(task, lease=timedelta(seconds=30))
        connection.close()

    other = threading.Thread(target=live)
    if lives:
        other.start()
    code, report, said = run("sync", "daily", *WINDOW)
    ended.set()
    if lives:
        other.join()
        assert (code, "elsewhere" in said) == (3, True)
    else:
        assert (code, report["status"]) == (0, "COMPLETED"), said


def test_the_same_command_again_sends_nothing(world, serve, run):
    server = serve(world)
    run("sync", "all", *WINDOW)
    sent = len(server.calls)
    code, report, _ = run("sync", "all", *WINDOW)
    assert (code, report["calls"], report["rows"]) == (0, 0, 0)
    assert len(server.calls) == sent


def test_a_longer_window_stores_only_what_is_new(world, serve, run):
    serve(world)
    run("sync", "daily", "--start", "20240201", "--end", "20240229")
    new = [cell for cell in world.cells() if not date(2024, 2, 1) <= cell[1] <= date(2024, 2, 29)]
    _, report, _ = run("sync", "daily", *WINDOW)
    assert (report["calls"], report["inserted"], report["updated"]) == (1, len(new), 0)


def test_one_day_of_the_whole_market_is_one_call(world, serve, run):
    server = serve(world)
    _, report, _ = run("sync", "daily", "--start", "20240110", "--end", "20240110")
    assert report["calls"] == 1
    assert [call.params["trade_date"] for call in calls_of(server, "daily")] == ["20240110"]


def test_only_the_named_symbols_are_asked_for(world, serve, run):
    serve(world)
    code, report, _ = run("sync", "daily", *WINDOW, "--symbols", "600001.SH,600003.SH")
    assert (code, report["calls"], report["rows"]) == (0, 1, 2 * len(world.days))
    assert set(DailyBar.objects.values_list("symbol", flat=True)) == {"600001.SH", "600003.SH"}
    code, gaps, _ = run("gaps", "daily", *WINDOW, "--symbols", "600001.SH")
    assert (code, gaps["complete"]) == (0, len(world.days))
    code, gaps, _ = run("gaps", "daily", *WINDOW)
    assert (code, gaps["partial"]) == (1, len(world.days))


def test_what_the_source_never_had_settles_as_absent_after_one_clean_answer(world, serve, run):
    world.absent = {(world.symbols[3], day) for day in world.days[:7]}
    server = serve(world)
    code, _, _ = run("sync", "daily", *WINDOW)
    assert code == 0
    code, gaps, _ = run("gaps", "daily", *WINDOW)
    assert (code, gaps["absent"], gaps["complete"]) == (0, 7, len(world.days) - 7)
    assert {tuple(cell["symbols"]) for cell in gaps["cells"]} == {(world.symbols[3],)}
    sent = len(server.calls)
    assert run("sync", "daily", *WINDOW)[1]["calls"] == 0
    assert len(server.calls) == sent


def test_a_settled_cell_is_asked_again_after_a_week_and_found(world, serve, run):
    world.absent = {(world.symbols[3], world.days[4])}
    serve(world)
    run("sync", "daily", *WINDOW)
    CoverageCell.objects.update(ask_after=clock.now() - timedelta(minutes=1))
    world.absent = set()
    serve(world)
    _, report, _ = run("sync", "daily", *WINDOW)
    assert (report["calls"], report["inserted"]) == (1, 1)
    assert not CoverageCell.objects.exists()


def test_an_answer_cut_at_the_cap_is_asked_in_parts(world, serve, run, settings):
    serve(world, cap={"daily": 50})
    code, report, _ = run("sync", "daily", *WINDOW)
    assert (code, report["inserted"]) == (0, len(world.cells()))


def test_rows_that_no_market_can_have_produced_are_refused_and_kept_as_evidence(world, serve, run):
    server = serve(world, fault={"negative_price": 1.0})
    code, report, _ = run("sync", "daily", "--start", "20240110", "--end", "20240110")
    assert code == 1
    failure = SyncFailureRecord.objects.get()
    assert failure.evidence["symbol"] == failure.third_code
    assert DailyBar.objects.count() == len(world.symbols) - 1
    assert run("gaps", "daily", "--start", "20240110", "--end", "20240110")[0] == 1
    server.rules = server.rules.changed({"fault": {}})
    code, report, _ = run("sync", "daily", "--start", "20240110", "--end", "20240110")
    assert (code, report["inserted"]) == (0, 1)
    failure.refresh_from_db()
    assert failure.resolved_at is not None


def test_a_request_that_keeps_failing_is_recorded_retried_and_then_waits_for_a_person(world, serve, run, settings):
    settings.SYNC_FAILURE_MAX_RETRIES = 1
    one_day = ("--start", "20240110", "--end", "20240110")
    server = serve(world)
    run("sync", "suspend_d", *WINDOW)
    run("sync", "stock_basic")
    server.rules = server.rules.changed({"fault": {"broken_json": 1.0}})
    assert run("sync", "daily", *one_day)[0] == 1
    assert run("sync", "daily", *one_day)[0] == 1
    failure = SyncFailureRecord.objects.get()
    assert (failure.retry_count, failure.max_retries, failure.third_code) == (1, 1, "20240110")
    assert "JSON" in failure.error_message
    sent = len(server.calls)
    code, report, _ = run("sync", "daily", *one_day)
    assert (code, report["calls"], len(server.calls)) == (1, 0, sent)
    server.rules = server.rules.changed({"fault": {}})
    code, report, _ = run("retry_failures")
    assert (code, report) == (0, {"retried": 1, "resolved": 1, "remaining": 0})


def test_faults_of_every_kind_end_in_the_same_data(world, serve, run, tmp_path):
    serve(world, faults=0.15, seed=3)
    for _ in range(5):
        code, _, _ = run("sync", "daily", *WINDOW)
        if code == 0:
            break
    assert code == 0
    assert exported(run, tmp_path, "daily") == world.source("daily")
    assert not SyncFailureRecord.objects.filter(resolved_at=None).exists()


def test_a_wrong_token_stops_at_once_with_one_sentence(world, serve, run):
    serve(world, token=("another",))
    code, _, said = run("sync", "daily", *WINDOW)
    assert code == 4
    assert "token" in said
    assert "token-of-a-test" not in said
    assert not DailyBar.objects.exists()


@pytest.mark.parametrize(("rule", "text"), [({"ip_limit": True}, "IP"), ({"banned": True}, "禁用")])
def test_a_permanent_error_stops_the_run(world, serve, run, rule, text):
    server = serve(world, **rule)
    code, _, said = run("sync", "daily", *WINDOW)
    assert code == 4
    assert text in said
    assert len(server.calls) <= 8


def test_an_account_with_the_fewest_points_still_gets_complete_bars(serve, run, tmp_path):
    world = World(tmp_path / "march", 6, date(2024, 3, 1), date(2024, 3, 29))
    server = serve(world, allow_only=("daily",))
    code, _, _ = run("sync", "daily", *MARCH)
    assert code == 0
    assert exported(run, tmp_path, "daily") == world.source("daily")
    assert Security.objects.filter(inferred=True).count() == len(world.symbols)
    sent = len(server.calls)
    code, report, _ = run("sync", "daily", *MARCH)
    assert (code, report["calls"], len(server.calls)) == (0, 0, sent)


def test_a_stock_that_no_list_has_is_stored_and_the_ledger_converges(world, serve, run, tmp_path):
    world.unlisted = {world.symbols[5]}
    serve(world)
    for day in world.days[: SESSIONS_UNTIL_GONE + 5]:
        text = f"{day:%Y%m%d}"
        assert run("sync", "daily", "--start", text, "--end", text)[0] == 0
    assert run("sync", "daily", *WINDOW)[0] == 0
    assert exported(run, tmp_path, "daily") == world.source("daily")
    assert run("gaps", "daily", *WINDOW)[0] == 0


def test_a_restated_row_replaces_the_old_one_which_is_kept(world, serve, run):
    server = serve(world)
    run("sync", "daily", *WINDOW)
    before = DailyBar.objects.get(symbol=world.symbols[0], trade_date=world.days[3])
    server.rules = server.rules.changed({"restate": {f"{world.days[3]:%Y%m%d}": 1.01}})
    _, report, _ = run("sync", "daily", *WINDOW, "--refetch")
    assert (report["inserted"], report["updated"]) == (0, len(world.symbols))
    kept = Revision.objects.get(symbol=world.symbols[0])
    assert kept.before["close"] == before.close
    after = DailyBar.objects.get(symbol=world.symbols[0], trade_date=world.days[3])
    assert after.close == pytest.approx(before.close * 1.01, rel=0.01)


def test_a_rate_limit_is_waited_out(world, serve, run):
    server = serve(world, fault={"http_429": 0.3})
    code, _, _ = run("sync", "all", *WINDOW)
    assert code == 0
    assert any(call.outcome == "http_429" for call in server.calls)


def test_the_price_is_known_before_anything_is_sent(world, serve, run):
    server = serve(world)
    run("sync", "suspend_d", *WINDOW)
    run("sync", "stock_basic")
    sent = len(server.calls)
    code, report, _ = run("sync", "daily", *WINDOW, "--dry-run")
    assert code == 0
    assert (report["dataset"], report["calls"], report["rows_expected"]) == ("daily", 1, len(world.cells()))
    assert len(server.calls) == sent
    assert run("sync", "daily", *WINDOW)[1]["calls"] == report["calls"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("sync", "bars"), "There is no dataset 'bars'"),
        (("gaps", "bars"), "There is no dataset 'bars'"),
        (("sync", "daily", "--start", "20240201", "--end", "20240101"), "after the end"),
        (("sync", "daily", *WINDOW, "--symbols", "999999.SH"), "999999.SH"),
        (("sync", "daily", *WINDOW, "--provider", "nobody"), "nobody"),
        (("sync_tasks", "--pause", "no-such-task"), "no-such-task"),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(world, serve, run, arguments, sentence):
    serve(world)
    code, report, said = run(*arguments)
    assert (code, report) == (2, {})
    assert sentence in said


def test_a_provider_that_does_not_answer_leaves_the_work_for_the_next_run(world, serve, run, settings):
    serve(world)
    run("sync", "suspend_d", *WINDOW)
    run("sync", "stock_basic")
    settings.TUSHARE_API_URL = "http://127.0.0.1:9"
    code, report, said = run("sync", "daily", *WINDOW)
    assert (code, report["status"]) == (1, "FAILED")
    assert "does not answer" in said
    assert not SyncFailureRecord.objects.exists()
    serve(world)
    code, again, _ = run("sync", "daily", *WINDOW)
    assert (code, again["task_id"]) == (0, report["task_id"])
    assert SyncTask.objects.get(id=report["task_id"]).status == "COMPLETED"


def test_a_day_that_came_in_part_is_not_done(tmp_path, serve, run, settings):
    due = clock.last_due_day(DATASETS["daily"], clock.now())
    world = World(tmp_path / "recent", 6, due - timedelta(days=40), due)
    last = f"{world.days[-1]:%Y%m%d}"
    server = serve(world, partial={last: 0.5})
    code, report, _ = run("sync", "daily", "--start", f"{world.first:%Y%m%d}")
    assert (code, report["status"]) == (1, "FAILED")
    code, gaps, _ = run("gaps", "daily", "--start", f"{world.first:%Y%m%d}")
    assert (code, gaps["partial"], [cell["trade_date"] for cell in gaps["cells"]]) == (1, 1, [last])
    server.rules = server.rules.changed({"partial": {}})
    code, report, _ = run("sync", "daily", "--start", f"{world.first:%Y%m%d}")
    assert (code, report["calls"]) == (0, 1)
    assert Partition.objects.get(dataset="daily", trade_date=world.days[-1]).state == "complete"
