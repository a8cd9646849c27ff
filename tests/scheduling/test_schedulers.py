"""Beat with a clock of its own, against the misfires of the stock scheduler."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import OperationalError
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from scheduling import control, leases, queries
from scheduling.registry import Job
from scheduling.schedulers import DatabaseScheduler
from stocksync import celery_app
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)  # a Monday, noon in Shanghai


def beat() -> DatabaseScheduler:
    return DatabaseScheduler(app=celery_app, lazy=True)


def fired(scheduler: DatabaseScheduler, monkeypatch: pytest.MonkeyPatch, seconds: float, step: float) -> list[datetime]:
    """When beat sends a dispatch, ticking through so much of a clock that this moves."""
    sent: list[datetime] = []
    monkeypatch.setattr(scheduler, "apply_entry", lambda entry, producer=None: sent.append(datetime.now(UTC)))
    monkeypatch.setattr(scheduler, "_ask_for_sweep", lambda: None)
    monkeypatch.setattr(scheduler, "_leads", lambda: True)
    start = datetime.now(UTC)
    with time_machine.travel(start, tick=False) as clock:
        while (datetime.now(UTC) - start).total_seconds() < seconds:
            while scheduler.tick() == 0:
                pass
            scheduler.sync()
            clock.shift(step)
    return sent


def test_beat_that_was_down_over_the_due_time_runs_it_neither_early_nor_twice(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stock scheduler stays silent at 19:00, fires at 14:00 the day after, and again at 16:30."""
    with time_machine.travel(datetime(2026, 6, 1, 8, tzinfo=UTC), tick=False):
        declare(schedule=control.cron("30 16 * * *"))
        PeriodicTask.objects.update(last_run_at=datetime(2026, 5, 31, 8, 30, tzinfo=UTC))
    with time_machine.travel(datetime(2026, 6, 2, 11, tzinfo=UTC), tick=False):
        sent = fired(beat(), monkeypatch, 24 * 3600, 900)
    assert sent == [datetime(2026, 6, 3, 8, 30, tzinfo=UTC)]


def test_two_jobs_due_in_different_zones_fire_at_their_own_time(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(START, tick=False):
        declare(name="shanghai", schedule=control.cron("0 18 * * *", "Asia/Shanghai"))
        declare(name="new_york", schedule=control.cron("0 16 * * *", "America/New_York"))
        sent = fired(beat(), monkeypatch, 24 * 3600, 900)
    assert sent == [datetime(2026, 6, 1, 10, 0, tzinfo=UTC), datetime(2026, 6, 1, 20, 0, tzinfo=UTC)]


def test_an_interval_fires_where_the_preview_says_without_drift(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(START, tick=False):
        config = declare(schedule=control.interval(600))
        preview = queries.next_runs_of(config, 5)
        sent = fired(beat(), monkeypatch, 3050, 9.7)
    assert [0 <= (moment - due).total_seconds() < 9.7 for moment, due in zip(sent, preview, strict=True)] == [True] * 5


def test_one_of_two_beats_leads_until_it_leaves(declare: Declare) -> None:
    first, second = beat(), beat()
    assert (first._leads(), second._leads()) == (True, False)
    assert queries.status()["is_running"]
    first.close()
    second._checked_at = float("-inf")
    assert second._leads()


def test_a_beat_that_vanished_is_replaced_when_its_lease_runs_out(clock: time_machine.Traveller) -> None:
    first, second = beat(), beat()
    assert (first._leads(), second._leads()) == (True, False)
    clock.shift(16)
    second._checked_at = first._checked_at = float("-inf")
    assert (second._leads(), first._leads()) == (True, False)


def test_beat_reads_thousands_of_jobs(jobs: dict[str, Job]) -> None:
    """The stock scheduler's query fails with SQLite above a thousand: its expression tree is too deep."""
    rows = CrontabSchedule.objects.bulk_create(CrontabSchedule(minute="0", hour="18") for _ in range(1100))
    PeriodicTask.objects.bulk_create(PeriodicTask(name=str(row.pk), task="x", crontab=row) for row in rows)
    assert len(beat().schedule) == 1100


def test_beat_knows_jobs_that_are_hours_away(declare: Declare, clock: time_machine.Traveller) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    assert list(beat().schedule) == ["job"]


def test_beat_writes_no_rows_of_its_own(jobs: dict[str, Job]) -> None:
    scheduler = beat()
    scheduler.setup_schedule()
    assert scheduler.schedule == {}
    assert not PeriodicTask.objects.exists()


@pytest.mark.parametrize("hour_before", ["18", "23"], ids=["moved earlier", "moved from later"])
def test_a_cron_moved_to_an_earlier_hour_of_today_is_not_sent_at_once(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, hour_before: str
) -> None:
    with time_machine.travel(START, tick=False):
        declare(schedule=control.cron(f"0 {hour_before} * * *"))
        PeriodicTask.objects.update(last_run_at=datetime(2026, 5, 31, 15, tzinfo=UTC))
        scheduler = beat()
        assert fired(scheduler, monkeypatch, 20, 5) == []
        row = CrontabSchedule.objects.get()
        row.hour = "9"
        row.save()
        assert fired(scheduler, monkeypatch, 24 * 3600, 900) == [datetime(2026, 6, 2, 1, 0, tzinfo=UTC)]


def test_an_edit_is_noticed_at_the_next_tick(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    with time_machine.travel(START, tick=False) as clock:
        declare(schedule=control.cron("0 18 * * *"))
        scheduler = beat()
        assert fired(scheduler, monkeypatch, 20, 5) == []
        clock.shift(20)
        control.set_cron("job", "1 12 * * *")
        assert fired(scheduler, monkeypatch, 120, 5) == [datetime(2026, 6, 1, 4, 1, tzinfo=UTC)]


def test_an_edit_makes_its_entry_anew_and_no_other(declare: Declare, clock: time_machine.Traveller) -> None:
    for name in ("one", "other", "gone"):
        declare(name=name, schedule=control.cron("0 18 * * *"))
    scheduler = beat()
    before = dict(scheduler.schedule)
    clock.shift(1)
    CrontabSchedule.objects.filter(periodictask__name="one").update(hour="9")
    control.disable("gone")
    after = scheduler.schedule
    assert set(after) == {"one", "other"}
    assert after["other"] is before["other"]
    assert after["one"].schedule.hour == {9}


def test_a_run_that_could_not_be_noted_in_the_database_is_not_sent_again_after_an_edit(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(START, tick=False):
        declare(schedule=control.cron("1 12 * * *"))
        declare(name="other", schedule=control.cron("0 18 * * *"))
        scheduler = beat()
        monkeypatch.setattr(scheduler, "sync", lambda: None)
        sent = fired(scheduler, monkeypatch, 70, 5)
    with time_machine.travel(datetime(2026, 6, 1, 4, 1, 30, tzinfo=UTC), tick=False):
        control.set_cron("other", "0 19 * * *")
        sent += fired(scheduler, monkeypatch, 20, 5)
    assert sent == [datetime(2026, 6, 1, 4, 1, tzinfo=UTC)]


def test_a_database_that_is_away_does_not_end_beat(
    declare: Declare, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with time_machine.travel(START, tick=False):
        declare(schedule=control.cron("1 12 * * *"))
    scheduler = beat()

    def away(*args: object) -> bool:
        raise OperationalError("could not connect")

    with monkeypatch.context() as patch:
        patch.setattr(leases, "hold", away)
        assert scheduler.tick() == 1.0
    assert "beat waits for it: could not connect" in caplog.text
    with time_machine.travel(START, tick=False):
        assert fired(scheduler, monkeypatch, 120, 5) == [datetime(2026, 6, 1, 4, 1, tzinfo=UTC)]
