"""The copy in columns: whatever changes, nothing stale is ever read."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.db import connection, transaction
from django.db.models import F

from market_data.datasets import DATASETS
from market_data.models import AdjFactor, DailyBar
from market_data.queries import bars_table, columns, mirror, stored, stored_table, versions
from market_data.queries.columns import question, read_table
from market_data.queries.streams import stored_batches
from market_data.queries.wanted import Wanted
from market_data.schema.changes import watched_tables
from tests.market_data.builders import ADJ_FACTOR, DAILY, A, B, C, store_cells

pytestmark = pytest.mark.django_db
SYMBOLS = (A, B, C)
YEARS = (2022, 2023, date.today().year)  # noqa: DTZ011 - any day of the year will do
ROUNDS = 1000


@pytest.fixture(autouse=True)
def everything_is_for_the_mirror(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MIRROR_DIR = tmp_path / "mirror"
    monkeypatch.setattr(stored, "FEW_DAYS", 0)
    monkeypatch.setattr(stored, "FEW_SYMBOLS", 0)


def day(chance: random.Random) -> date:
    return date(chance.choice(YEARS), 1, 1) + timedelta(days=chance.randrange(59))


def from_database(wanted: Wanted) -> pa.Table:
    return read_table(question(wanted.rows().order_by("symbol", "trade_date"), *wanted.names))


def change(chance: random.Random) -> None:
    """What people, programs and the engine do to rows, some of it undone or in one transaction with more."""
    rows = DailyBar.objects.filter(symbol=chance.choice(SYMBOLS), trade_date__gte=day(chance))
    kind = chance.randrange(6)
    with transaction.atomic():
        if kind == 0:
            store_cells(DAILY, [chance.choice(SYMBOLS)], [day(chance)], close=chance.choice([9.5, 10.0, 10.5]))
        elif kind == 1:
            rows.filter(trade_date__lte=day(chance)).update(close=F("close") + 1)
        elif kind == 2:
            rows.filter(trade_date=day(chance)).delete()
        elif kind == 3:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE daily SET amount = amount + 1 WHERE symbol = %s", [chance.choice(SYMBOLS)])
        elif kind == 4:
            store_cells(DAILY, SYMBOLS, [day(chance) for _ in range(3)][:1])
        else:
            DailyBar.objects.create(symbol=f"{chance.randrange(10**6):06}.SZ", trade_date=day(chance))
        if chance.random() < 0.2:
            transaction.set_rollback(True)


@pytest.mark.parametrize("seed", [1])
def test_whatever_changes_a_thousand_reads_find_no_difference(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    store_cells(DAILY, SYMBOLS, {day(chance) for _ in range(20)})
    taken = 0
    for _ in range(ROUNDS):
        if chance.random() < 0.15:
            refresh_and_be_killed(chance, monkeypatch)
        if chance.random() < 0.7:
            change(chance)
        start, end = sorted((day(chance), day(chance)))
        symbols = chance.choice([None, SYMBOLS[:2]])
        wanted = Wanted(DAILY, chance.choice([None, start]), chance.choice([None, end]), symbols)
        taken += len(mirror.mirrored(DAILY, wanted.start, wanted.end).files)
        expected = from_database(wanted)
        assert stored_table(wanted).equals(expected)
        assert pa.concat_tables([expected.schema.empty_table(), *stored_batches(wanted)]).equals(expected)
    assert taken > ROUNDS / 5


def refresh_and_be_killed(chance: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
    """Now and then the process ends before the file is whole, or rows change while they are read."""
    write = mirror._write

    def interrupted(*given: Any) -> None:
        write(*given)
        if chance.random() < 0.2:
            raise KeyboardInterrupt
        if chance.random() < 0.3:
            change(chance)

    with monkeypatch.context() as patch:
        patch.setattr(mirror, "_write", interrupted)
        try:
            mirror.refresh([DAILY])
        except KeyboardInterrupt:
            assert not list(Path(mirror.path_of(DAILY, versions.Part(2022)).parent).glob("*.part"))


def test_files_are_by_year_and_of_this_year_by_month() -> None:
    this_year = YEARS[-1]
    store_cells(DAILY, [A], [date(2022, 3, 1), date(2022, 4, 1), date(this_year, 1, 5), date(this_year, 2, 5)])
    assert mirror.refresh([DAILY]) == {"daily": 4 - 1}
    folder = mirror.path_of(DAILY, versions.Part(2022)).parent
    assert sorted(p.name for p in folder.iterdir()) == [
        "2022.parquet",
        f"{this_year}-01.parquet",
        f"{this_year}-02.parquet",
    ]
    assert mirror.refresh([DAILY]) == {"daily": 0}
    store_cells(DAILY, [B], [date(this_year, 2, 6)])
    assert mirror.refresh([DAILY]) == {"daily": 1}


def test_rows_that_are_older_than_the_triggers_come_into_the_mirror() -> None:
    store_cells(DAILY, [A], [date(2022, 3, 1)])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM data_changes")
    assert stored_table(Wanted(DAILY)).num_rows == 1
    assert mirror.refresh([DAILY]) == {"daily": 1}
    assert len(mirror.mirrored(DAILY, None, None).files) == 1


def test_adjusted_bars_are_the_same_with_and_without_the_mirror(settings: Any) -> None:
    days = [date(2022, 12, 30), date(2023, 1, 3), date(2023, 1, 4)]
    store_cells(DAILY, SYMBOLS, days)
    for at, factor in ((0, 1.0), (2, 2.0)):
        store_cells(ADJ_FACTOR, SYMBOLS, [days[at]], adj_factor=factor)
    mirror.refresh([DAILY, ADJ_FACTOR])
    table = bars_table(None, days[1], days[2], "qfq")
    settings.MIRROR_DIR = None
    assert bars_table(None, days[1], days[2], "qfq").equals(table)
    assert table["close"].to_pylist() == [5.25, 10.5] * 3
    assert table["factor_filled"].to_pylist() == [True, False] * 3


def test_reference_factors_follow_the_rows_behind_them() -> None:
    days = [date(2023, 1, 3), date(2023, 1, 4)]
    store_cells(DAILY, [A], days)
    store_cells(ADJ_FACTOR, [A], days, adj_factor=1.0)
    assert bars_table([A], adjust="qfq")["close"].to_pylist() == [10.5, 10.5]
    AdjFactor.objects.filter(trade_date=days[1]).update(adj_factor=2.0)
    assert bars_table([A], adjust="qfq")["close"].to_pylist() == [5.25, 10.5]


def test_versions_stay_when_notes_are_put_together() -> None:
    for number in range(3):
        store_cells(DAILY, [A], [date(2022, 3, 1 + number)])
    before = versions.versions_of(["daily"])["daily"].of(versions.Part(2022))
    versions.compact()
    assert versions.versions_of(["daily"])["daily"].of(versions.Part(2022)) == before != 0


def test_every_table_of_a_dataset_is_watched() -> None:
    assert set(watched_tables()) == {dataset.table for dataset in DATASETS.values()}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT DISTINCT event_object_table FROM information_schema.triggers")
        else:
            cursor.execute("SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'")
        assert {row[0] for row in cursor.fetchall()} >= set(watched_tables())


def test_files_of_many_groups_are_read_span_by_span(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((mirror, "_GROUP"), (columns, "CHUNK"), (stored, "ROWS_AT_A_TIME")):
        monkeypatch.setattr(module, name, 1)
    store_cells(DAILY, SYMBOLS, [date(2022, 3, 1), date(2023, 3, 1)])
    mirror.refresh([DAILY])
    wanted = Wanted(DAILY)
    assert pa.concat_tables(stored_batches(wanted)).equals(from_database(wanted))
