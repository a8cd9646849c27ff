"""Concepts: who is in them, and from when to when we saw it."""

import csv
from datetime import date
from typing import Any

import pytest
import time_machine

from market_data.models import ConceptBoard, ConceptMember, SyncFailureRecord
from market_data.queries.concepts import concepts_of, members
from tests.market_data.report_worlds import write_reports
from tests.market_data.worlds import World

pytestmark = pytest.mark.django_db(transaction=True)
FIRST, SECOND = "2024-03-28", "2024-03-29"
AI, CHIPS = "885001.TI", "885002.TI"


def write_concepts(world: World, boards: dict[str, str], member_of: dict[str, list[str]]) -> None:
    index = [{"ts_code": code, "name": name, "type": "N", "exchange": "A"} for code, name in boards.items()]
    rows = [
        {"ts_code": code, "con_code": symbol, "con_name": f"Stock {symbol}"}
        for code, symbols in member_of.items()
        for symbol in symbols
    ]
    world.write()
    write_reports(world, "ths_index", [*index, {"ts_code": "700001.TI", "name": "a region", "type": "R"}])
    write_reports(world, "ths_member", rows)


def spells() -> list[tuple[str, str, str, str | None]]:
    found = ConceptMember.objects.order_by("board", "symbol", "from_date")
    return [(m.board, m.symbol, str(m.from_date), m.to_date and str(m.to_date)) for m in found]


def sync_on(day: str, run: Any, name: str = "ths_member") -> dict[str, Any]:
    with time_machine.travel(f"{day} 19:00:00+08:00", tick=True):
        run("sync", "ths_index", "--refetch")
        told: dict[str, Any] = run("sync", name, "--refetch")[1]
        return told


def test_members_are_known_from_when_they_came_to_when_they_went(world, serve, run):
    a, b, c, *_ = world.symbols
    write_concepts(world, {AI: "AI", CHIPS: "Chips"}, {AI: [a, b], CHIPS: [b]})
    serve(world)
    told = sync_on(FIRST, run)
    assert (told["status"], told["inserted"]) == ("COMPLETED", 3)
    write_concepts(world, {AI: "AI", CHIPS: "Chips"}, {AI: [b, c], CHIPS: [b]})
    serve(world)
    told = sync_on(SECOND, run)
    assert (told["inserted"], told["updated"], told["unchanged"]) == (1, 1, 2)
    assert spells() == [
        (AI, a, FIRST, SECOND),
        (AI, b, FIRST, None),
        (AI, c, SECOND, None),
        (CHIPS, b, FIRST, None),
    ]
    assert [m.symbol for m in members("ths", AI)] == [b, c]
    assert [m.symbol for m in members("ths", AI, date(2024, 3, 28))] == [a, b]
    assert [m.board for m in concepts_of(b)] == [AI, CHIPS]
    assert list(concepts_of(a)) == []


def test_who_comes_back_begins_another_spell(world, serve, run):
    a = world.symbols[0]
    for day, who in ((FIRST, [a, world.symbols[1]]), (SECOND, [world.symbols[1]]), ("2024-03-30", world.symbols[:2])):
        write_concepts(world, {AI: "AI"}, {AI: who})
        serve(world)
        sync_on(day, run)
    assert [spell for spell in spells() if spell[1] == a] == [(AI, a, FIRST, SECOND), (AI, a, "2024-03-30", None)]


def test_a_board_that_is_gone_or_renamed_is_told(world, serve, run):
    write_concepts(world, {AI: "AI", CHIPS: "Chips"}, {AI: world.symbols[:1]})
    serve(world)
    sync_on(FIRST, run)
    write_concepts(world, {AI: "Artificial intelligence"}, {AI: world.symbols[:1]})
    serve(world)
    sync_on(SECOND, run)
    known = {board.code: (board.name, board.to_date) for board in ConceptBoard.objects.all()}
    assert known == {AI: ("Artificial intelligence", None), CHIPS: ("Chips", date(2024, 3, 29))}


def test_an_empty_answer_ends_no_membership(world, serve, run):
    write_concepts(world, {AI: "AI"}, {AI: world.symbols[:2]})
    serve(world)
    sync_on(FIRST, run)
    write_concepts(world, {AI: "AI"}, {CHIPS: world.symbols[:1]})
    serve(world)
    sync_on(SECOND, run)
    assert [spell[3] for spell in spells()] == [None, None]


def test_members_are_exported_with_their_days(world, serve, run, tmp_path):
    write_concepts(world, {AI: "AI"}, {AI: world.symbols[:1]})
    serve(world)
    sync_on(FIRST, run)
    path = tmp_path / "members.csv"
    assert run("export", "ths_member", "--output", path)[0] == 0
    with path.open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["board"], row["symbol"], row["from_date"], row["to_date"]) == (AI, world.symbols[0], FIRST, "")


@pytest.mark.parametrize("name", ["concept", "concept_detail"])
def test_the_interfaces_that_are_gone_are_named(name, run):
    code, _, said = run("sync", name)
    assert (code, "gone since autumn 2026" in said) == (2, True)


def test_a_member_that_cannot_be_stored_is_a_failure_and_the_others_come(world, serve, run):
    write_concepts(world, {AI: "AI", CHIPS: "Chips"}, {AI: ["6" * 17, world.symbols[0]], CHIPS: world.symbols})
    serve(world)
    told = sync_on(FIRST, run)
    assert (told["status"], told["failures"]) == ("FAILED", 1)
    assert "con_code" in SyncFailureRecord.objects.get().error_message
    assert len(spells()) == 1 + len(world.symbols)


def test_the_job_takes_the_first_source_that_the_account_may_ask(world, serve, run):
    write_concepts(world, {AI: "AI"}, {AI: world.symbols[:2]})
    write_reports(
        world, "dc_index", [{"ts_code": "BK1.DC", "trade_date": "20240328", "name": "AI", "idx_type": "概念板块"}]
    )
    rows = [{"trade_date": "20240328", "ts_code": "BK1.DC", "con_code": world.symbols[0], "name": "x"}]
    write_reports(world, "dc_member", rows)
    serve(world, deny=("ths_index",))
    run("install_schedules")
    with time_machine.travel(f"{SECOND} 19:00:00+08:00", tick=True):
        code, told, _ = run("run_job", "sync_concept_data")
    assert (code, told["status"]) == (0, "SUCCESS")
    assert [(m.source, m.symbol) for m in members("dc", "BK1.DC")] == [("dc", world.symbols[0])]
    assert not ConceptMember.objects.filter(source="ths").exists()
