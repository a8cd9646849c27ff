"""Real beats with real workers: edits, two beats, many jobs at once, a database that comes late."""

import time
from collections import Counter
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from scheduling import control, queries
from scheduling.models import Execution, JobConfig, Pool
from tests.scheduling.installation import Installation
from tests.scheduling.sample import jobs as sample


def configure(installation: Installation, name: str, job_type: str = "sample_steps", **fields: Any) -> JobConfig:
    kwargs = {"trace": str(installation.trace), **fields.pop("kwargs", {})}
    return control.create(name, job_type=job_type, job_kwargs=kwargs, **fields)


def far_away() -> str:
    """A cron of tomorrow."""
    return f"0 {(timezone.localtime().hour + 12) % 24} * * *"


def next_minute(at_least_seconds: float) -> str:
    """A cron that is due once today, at the next whole minute that is not nearer than this."""
    moment = timezone.localtime() + timedelta(seconds=at_least_seconds + 60)
    return f"{moment.minute} {moment.hour} * * *"


def test_an_edit_in_beats_rows_takes_effect_within_ten_seconds_under_two_beats(installation: Installation) -> None:
    configure(installation, "job", schedule=control.interval(86400))
    configure(installation, "cron", schedule=control.cron(far_away()))
    installation.start("control", "sync", "beat", "second beat")
    installation.wait(lambda: queries.status()["is_running"])
    time.sleep(3)
    row = IntervalSchedule.objects.get()
    row.every, row.period = 1, "seconds"
    row.save()
    minute, hour, *_ = next_minute(6).split()
    crontab = CrontabSchedule.objects.get()
    crontab.minute, crontab.hour = minute, hour
    crontab.save()
    installation.wait_for("SUCCESS", seconds=10)
    runs = installation.wait_for("SUCCESS", 4, seconds=10)
    moments = sorted(run.scheduled_for for run in runs if run.scheduled_for)
    assert len({round((moment - moments[0]).total_seconds(), 3) % 1 for moment in moments}) == 1
    PeriodicTask.objects.filter(name="job").update(enabled=False)
    PeriodicTasks.update_changed()
    time.sleep(10)
    silent_since = timezone.now()
    due = control.get("cron").schedule.latest(silent_since + timedelta(minutes=2))  # type: ignore[union-attr]
    installation.wait(lambda: Execution.objects.filter(job_id="cron").exists(), 75)
    cron_run = Execution.objects.get(job_id="cron")
    assert cron_run.scheduled_for is not None
    assert cron_run.scheduled_for == due
    assert timedelta(0) <= cron_run.queued_at - cron_run.scheduled_for < timedelta(seconds=10)
    assert not Execution.objects.filter(job_id="job", queued_at__gt=silent_since).exists()
    per_moment = Counter(Execution.objects.values_list("job_id", "scheduled_for"))
    assert set(per_moment.values()) == {1}
    leaders = [name for name in ("beat", "second beat") if "This beat leads" in installation.log(name)]
    assert len(leaders) == 1


def test_two_hundred_jobs_due_at_once_all_run_none_twice_and_pools_hold(installation: Installation) -> None:
    for number in range(200):
        spans = number % 10 == 0
        configure(
            installation,
            f"job{number:03}",
            "sample_span" if spans else "sample_steps",
            pool="narrow" if spans else "",
            kwargs={"trace": f"{installation.trace}.narrow", "seconds": 0.05} if spans else {},
            schedule=control.interval(3600),
        )
    assert Pool.objects.get().slots == 1
    JobConfig.objects.update(schedule_since=timezone.now() - timedelta(seconds=3600 - 4))
    PeriodicTasks.update_changed()
    installation.start("control", "sync", "beat")
    installation.wait_for("SUCCESS", 200, seconds=60)
    assert Execution.objects.count() == 200
    assert set(Execution.objects.values_list("attempt", "trigger")) == {(1, "schedule")}
    assert len(sample.traces(installation.trace)) == 180
    spans_left = sample.traces(installation.trace.with_name("trace.narrow"))
    assert "".join(spans_left) == "+-" * 20


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_processes_that_start_before_their_database_wait_for_it(installation: Installation, database_url: str) -> None:
    configure(installation, "job", schedule=control.interval(1))
    connection.close()
    server_url, name = database_url.rsplit("/", 1)
    with psycopg.connect(f"{server_url}/postgres", autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        try:
            installation.start("control", "sync", "beat")
            installation.wait(lambda: "beat waits for it" in installation.log("beat"))
        finally:
            server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    installation.wait_for("SUCCESS")
    assert all(process.poll() is None for process in installation.processes.values())
