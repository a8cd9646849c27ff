"""What an audit finds is opened again and asked for, within the calls that are allowed."""

from datetime import date, timedelta
from typing import Any

import pytest

from market_data.engine.audit.auditing import audit
from market_data.engine.audit.repairing import reopen
from market_data.engine.audit.scope import Scope
from market_data.engine.ledger import clock
from market_data.models import AdjFactor, CoverageCell, DailyBar, Partition, Suspension
from scheduling.installing import install_schedules
from scheduling.models import Execution, JobConfig
from tests.market_data.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)
WINDOW = ("--start", "20240101", "--end", "20240329")
State = Partition.State


@pytest.fixture
def synced(world: World, serve: Any, run: Any) -> Any:
    """The server of a world of which bars and factors are stored in full."""
    server = serve(world)
    for name in ("daily", "adj_factor"):
        assert run("sync", name, *WINDOW)[0] == 0
    server.calls.clear()
    return server


def lose(world: World, at: int, symbol: int = 0) -> tuple[str, date]:
    """Delete a bar, and have the ledger believe that the source confirmed not to have it."""
    key = world.symbols[symbol], world.days[at]
    DailyBar.objects.filter(symbol=key[0], trade_date=key[1]).delete()
    moment = clock.now()
    settled = {"absent": True, "first_asked_at": moment, "asked_at": moment, "ask_after": moment + timedelta(days=90)}
    CoverageCell.objects.create(dataset="daily", symbol=key[0], trade_date=key[1], **settled)
    Partition.objects.filter(dataset="daily", trade_date=key[1]).update(answers=2)
    return key


def test_an_audit_makes_no_call_and_ends_with_one_while_anything_is_found(world: World, synced: Any, run: Any) -> None:
    assert run("audit")[:2] == (0, {"checked": 2 * len(world.cells()), "findings": 0, "kinds": {}, "cells": []})
    symbol, _ = lose(world, 20)
    code, report, said = run("audit", "daily", "--limit", 1)
    assert (code, said, synced.calls) == (1, "", [])
    assert report["kinds"] == {"chain": 1, "hole": 1}
    after = f"{world.days[21]:%Y%m%d}"
    [cell] = report["cells"]
    assert (cell["dataset"], cell["symbol"], cell["trade_date"], cell["kind"]) == ("daily", symbol, after, "chain")
    assert cell["saw"] == pytest.approx(cell["expected"], abs=0.05)


@pytest.mark.parametrize(
    "wrong", [["bars"], ["trade_cal"], ["--symbols", "999999.SH"], ["--start", "20240301", "--end", "20240201"]]
)
def test_what_cannot_be_audited_is_wrong_usage(synced: Any, run: Any, wrong: list[str]) -> None:
    code, _, said = run("audit", *wrong)
    assert code == 2
    assert said


def test_a_broken_link_reopens_the_cells_between_whatever_was_confirmed(world: World, synced: Any, run: Any) -> None:
    symbol, day = lose(world, 20)
    assert run("sync", "daily", *WINDOW)[0] == 0
    assert not DailyBar.objects.filter(symbol=symbol, trade_date=day).exists()
    assert reopen(audit((), Scope()).cells) == 1
    assert not CoverageCell.objects.exists()
    assert run("gaps", "daily", *WINDOW)[1]["partial"] == 1
    assert run("sync", "daily", *WINDOW)[0] == 0
    assert DailyBar.objects.filter(symbol=symbol, trade_date=day).exists()
    assert run("audit")[0] == 0


def test_reopening_leaves_what_else_is_known_alone(world: World, synced: Any, run: Any) -> None:
    lost = lose(world, 20)
    others = [lose(world, 30), lose(world, 20, 1)]
    reopen([cell for cell in audit((), Scope()).cells if (cell.symbol, cell.trade_date) == lost])
    assert set(CoverageCell.objects.values_list("symbol", "trade_date")) == set(others)


def test_a_repair_asks_again_for_what_was_found_and_only_for_that(world: World, synced: Any, run: Any) -> None:
    lose(world, 20)
    DailyBar.objects.filter(symbol=world.symbols[3], trade_date=world.days[40]).update(volume=1)
    AdjFactor.objects.filter(symbol=world.symbols[4], trade_date=world.days[10]).update(adj_factor=1.7)
    code, report, said = run("audit", "--repair")
    assert (code, report["findings"]) == (0, 0), report
    asked = [call.api for call in synced.calls if call.api in ("daily", "adj_factor")]
    assert sorted(asked) == ["adj_factor", "daily", "daily"]
    assert "Asked again for 5 cells in" in said


def test_a_repair_asks_for_days_that_a_list_takes_for_suspended(world: World, synced: Any, run: Any) -> None:
    symbol, day = lose(world, 20)
    Suspension.objects.create(symbol=symbol, trade_date=day, suspend_type="S", suspend_timing="")
    run("recount", "daily")
    assert run("audit", "--repair")[0] == 0
    assert DailyBar.objects.filter(symbol=symbol, trade_date=day).exists()


def test_a_repair_makes_no_more_calls_than_allowed(world: World, synced: Any, run: Any, settings: Any) -> None:
    settings.SYNC_RECHECK_MAX_CALLS = 2
    for symbol in range(4):
        lose(world, 10 + 7 * symbol, symbol)
    code, report, said = run("audit", "--repair")
    assert (code, report["kinds"]) == (1, {"chain": 2, "hole": 2})
    assert len(synced.calls) == 2
    assert "4 more wait" in said


def test_many_stocks_of_one_day_are_asked_for_in_one_call(world: World, synced: Any, run: Any) -> None:
    DailyBar.objects.filter(trade_date=world.days[20]).update(amount=1)
    assert run("audit", "--repair")[0] == 0
    assert len(synced.calls) == 1


def test_what_the_source_itself_has_wrong_stays_found(world: World, synced: Any, run: Any) -> None:
    sunday = world.days[4] + timedelta(days=2)
    AdjFactor.objects.create(symbol=world.symbols[0], trade_date=sunday, adj_factor=1)
    code, report, _ = run("audit", "--repair")
    assert (code, report["kinds"], synced.calls) == (1, {"closed_day": 1}, [])


def test_a_wrong_token_ends_a_repair_with_its_code(world: World, synced: Any, run: Any, settings: Any) -> None:
    lose(world, 20)
    settings.TUSHARE_API_URL = "http://127.0.0.1:9"
    settings.TUSHARE_TOKEN = ""
    code, _, said = run("audit", "--repair")
    assert code == 4
    assert "TUSHARE_TOKEN" in said


def test_the_weekly_job_tells_what_it_found_and_repairs_where_it_is_told_to(
    world: World, synced: Any, run: Any
) -> None:
    install_schedules()
    assert JobConfig.objects.get(job_id="audit").cron_expression == "0 10 * * 6"
    lose(world, 20)
    code, report, _ = run("run_job", "audit")
    assert (code, report["status"], report["result"]["findings"], synced.calls) == (1, "PARTIAL", 2, [])
    assert "1 chain, 1 hole" in Execution.objects.get().error_message
    code, report, _ = run("run_job", "audit", "--kwargs", '{"datasets": ["daily"], "repair": true}')
    assert (code, report["status"], report["result"]["findings"]) == (0, "SUCCESS", 0)
    assert run("run_job", "audit", "--kwargs", '{"datasets": ["trade_cal"]}')[0] == 2
