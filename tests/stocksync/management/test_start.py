"""What `start` says and remembers, without its processes."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from market_data.models import SyncRequest, SyncTask
from scheduling.models import Execution
from stocksync.management.commands import start
from stocksync.management.commands.start import FirstSync

pytestmark = pytest.mark.django_db


@pytest.fixture
def execution() -> Execution:
    return Execution.objects.create(
        job_id="sync_daily_history", job_type="x", status="RUNNING", queued_at=timezone.now()
    )


def test_the_first_sync_is_told_once_for_each_step_until_it_has_ended(
    execution: Execution, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "PROGRESS_SECONDS", 0)
    said: list[str] = []
    first = FirstSync(execution, said.append)
    first.look()
    first.look()
    assert said == ["The first sync is about to begin."]
    began = timezone.now() - timedelta(seconds=30)
    task = SyncTask.objects.create(
        job_type="x", dataset="daily", config={}, batch_size=1, status="RUNNING", started_at=began, total_processed=6000
    )
    task.requests.create(shape="date", start_date="2024-01-08", end_date="2024-01-08", state=SyncRequest.State.PENDING)
    SyncTask.objects.update(current_offset=3)
    first.look()
    assert said[-1].startswith("First sync, daily: 3 of 4 calls, 6,000 rows")
    Execution.objects.update(status="SUCCESS", finished_at=timezone.now())
    first.look()
    first.look()
    assert said[2:] == ["The first sync has ended: SUCCESS."]


def test_without_a_first_sync_nothing_is_told() -> None:
    FirstSync(None, pytest.fail).look()


def test_a_demonstration_is_remembered_and_a_start_with_real_data_ends_it(settings: Any, tmp_path: Path) -> None:
    settings.DEMO_MARKER = tmp_path / "demonstration"
    settings.DEMO = True
    start._remember_demonstration()
    assert settings.DEMO_MARKER.exists()
    settings.DEMO = False
    start._remember_demonstration()
    assert not settings.DEMO_MARKER.exists()


def test_a_command_that_follows_a_demonstration_says_so_beside_its_report(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEMO_FOLLOWED = True
    call_command("sync_tasks", "--json")
    said = capsys.readouterr()
    assert "the demonstration" in said.err
    assert said.out.lstrip().startswith(("{", "["))
