"""Backup, restore and the move to PostgreSQL, as a person runs them."""

import stat
from collections.abc import Callable
from pathlib import Path

from tests.stocksync.copies.conftest import Place

COUNT = """
from django.apps import apps
print(sorted((m._meta.db_table, m.objects.count()) for m in apps.get_models() if hasattr(m, "objects")))
"""
CHANGE = """
from market_data.models import DailyBar; from django.contrib.auth import get_user_model
DailyBar.objects.all().delete(); get_user_model().objects.create_user("bert")
"""
LOSE = "from market_data.models import DailyBar; DailyBar.objects.filter(symbol='000007.SH').delete()"
LEAD = "from scheduling import leases; leases.hold(leases.LEADER, 'beat', 600)"
VALUES = """
from market_data.models import DailyBar, SyncTask; from scheduling.models import Execution, JobConfig
print(DailyBar.objects.get(symbol="000001.SH", trade_date="2024-01-03").close, SyncTask.objects.get().config)
print(Execution.objects.get().queued_at, [(j.job_id, j.cron_expression, j.enabled) for j in JobConfig.objects.all()])
"""


def test_a_restored_backup_is_what_was_backed_up(place: Place, tmp_path: Path) -> None:
    file, before = tmp_path / "copy", place.ask(COUNT)
    saved = place.run("backup", str(file))
    assert (saved.code, saved.report["file"], set(saved.report)) == (0, str(file), {"file", "seconds"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    place.ask(CHANGE)
    assert place.ask(COUNT) != before
    loaded = place.run("restore", str(file))
    assert (loaded.code, set(loaded.report)) == (0, {"file", "seconds"})
    assert place.ask(COUNT) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_file_that_is_no_backup_changes_nothing(place: Place, tmp_path: Path) -> None:
    file, before = tmp_path / "copy", place.ask(COUNT)
    file.write_text("nothing of the kind")
    loaded = place.run("restore", str(file))
    assert loaded.code == 1
    assert "cannot be read as a backup" in loaded.said
    assert "Traceback" not in loaded.said
    assert place.run("restore", str(tmp_path / "none")).code == 1
    assert place.ask(COUNT) == before


def test_a_database_in_use_is_not_replaced(place: Place, tmp_path: Path) -> None:
    place.run("backup", str(tmp_path / "copy"))
    place.ask(LEAD)
    loaded = place.run("restore", str(tmp_path / "copy"))
    assert loaded.code == 3
    assert "beat is running" in loaded.said


def test_a_backup_with_fewer_rows_than_its_ledger_says_is_told(place: Place, tmp_path: Path) -> None:
    place.ask(LOSE)
    place.run("backup", str(tmp_path / "copy"))
    loaded = place.run("restore", str(tmp_path / "copy"))
    assert loaded.code == 1
    assert "daily has too few rows in 40 parts, the first is 20240101" in loaded.said


def test_everything_moves_to_postgresql_and_goes_on_there(
    sqlite_place: Place, new_postgresql: Callable[[], str], tmp_path: Path
) -> None:
    url = new_postgresql()
    moved = sqlite_place.run("move_to_postgresql", url)
    assert moved.code == 0, moved.said
    there = Place(tmp_path / "other", url)
    assert there.ask(COUNT) == sqlite_place.ask(COUNT)
    assert there.ask(VALUES) == sqlite_place.ask(VALUES)
    assert moved.report["rows"] > 2000
    # New keys come after the old ones.
    there.ask("from market_data.models import Partition; Partition.objects.create(dataset='x')")
    again = sqlite_place.run("move_to_postgresql", url)
    assert again.code == 1
    assert "not empty" in again.said


def test_a_move_that_was_cut_short_goes_on_where_it_was(
    sqlite_place: Place, new_postgresql: Callable[[], str], tmp_path: Path
) -> None:
    url = new_postgresql()
    cut_short = f"""
from itertools import islice
from stocksync.copies import moving
from stocksync.databases import database_from_url
moving.CHUNK = 300
chunks = moving._chunks
moving._chunks = lambda model, names, until: islice(chunks(model, names, until), 3)
try:
    moving.move(database_from_url({url!r}, None, demo=False), print)
except moving.CopyError as error:
    print("cut short:", error)
"""
    assert "cut short: daily has 2000 rows here and 900 there" in sqlite_place.ask(cut_short)
    assert sqlite_place.run("move_to_postgresql", url).code == 0
    assert Place(tmp_path / "other", url).ask(COUNT) == sqlite_place.ask(COUNT)


def test_what_cannot_be_moved_is_wrong_usage(sqlite_place: Place) -> None:
    for url in ("sqlite:////tmp/x", "nonsense"):
        assert sqlite_place.run("move_to_postgresql", url).code == 2
