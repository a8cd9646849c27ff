"""Real beats with real workers: edits, two beats, many jobs at once, a database that comes late."""

import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from scheduling import control, executions, queries
from scheduling.leases import LEADER
from scheduling.models import Execution, JobConfig, Lease, Pool
from tests.rest_clients import program_of, superuser
from tests.scheduling.admin.pages import page_of, save, saved
from tests.scheduling.conftest import ALL_BROKERS
from tests.scheduling.installation import Installation
from tests.scheduling.sample import jobs as sample
from tests.scheduling.servers import shut

pytestmark = pytest.mark.alone


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


def sent(installation: Installation, job_id: str) -> int:
    """How often the beats have said that it is due."""
    logs = [installation.log(name) for name in installation.processes if name.endswith("beat")]
    return sum(log.count(f"Sending due task {job_id} ") for log in logs)


def read(installation: Installation, job_id: str) -> int:
    """How often the beats have said that they have read its schedule."""
    logs = [installation.log(name) for name in installation.processes if name.endswith("beat")]
    return sum(len(re.findall(rf"read now: .*\b{job_id}\b", log)) for log in logs)


def edits(minute: str, hour: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Edits of jobs as people and programs make them: on beat's page, on the job's page, by a request."""
    user = superuser()
    browser, program = Client(), program_of(user)
    browser.force_login(user)
    crontab = page_of(CrontabSchedule.objects.get(periodictask__name="by_beats_page"))
    cron = f"{minute} {hour} * * *"
    silent = page_of(PeriodicTask.objects.get(name="silent"))
    yield "by_beats_page", lambda: save(browser, crontab, "crontabschedule_form", minute=minute, hour=hour)
    yield "by_its_page", lambda: save(browser, page_of(saved("by_its_page")), cron_expression=cron)
    yield "by_request", lambda: program.post("/scheduler/jobs/by_request/schedule", {"cron_expression": cron})
    yield "silent", lambda: control.set_cron("silent", cron)
    yield "silent", lambda: save(browser, silent, "periodictask_form", enabled=None)


def test_an_edit_takes_effect_within_ten_seconds_wherever_it_is_made_under_two_beats(
    installation: Installation,
) -> None:
    edited = ("by_beats_page", "by_its_page", "by_request")
    for name in (*edited, "silent"):
        configure(installation, name, schedule=control.cron(far_away()))
    installation.start("control", "sync", "beat", "second beat")
    for name in ("beat", "second beat"):
        installation.wait(lambda name=name: "beat: Starting" in installation.log(name))
    installation.wait(lambda: queries.status()["is_running"])
    minute, hour, *_ = next_minute(20).split()
    for name, edit in edits(minute, hour):
        before = read(installation, name)
        edit()
        installation.wait(lambda name=name, before=before: read(installation, name) > before, 10)
    due = control.get("by_request").schedule.latest(timezone.now() + timedelta(minutes=2))  # type: ignore[union-attr]
    assert Execution.objects.count() == 0
    installation.wait(lambda: all(sent(installation, name) for name in edited), 100)
    runs = installation.wait_for("SUCCESS", 3)
    assert sorted((run.job_id, run.scheduled_for) for run in runs) == [(name, due) for name in edited]
    assert all(run.scheduled_for <= run.queued_at for run in runs if run.scheduled_for)
    assert (sent(installation, "silent"), Execution.objects.count()) == (0, 3)
    leaders = [name for name in ("beat", "second beat") if "This beat leads" in installation.log(name)]
    assert len(leaders) == 1


def test_an_interval_that_is_edited_runs_without_drift_until_it_is_switched_off(installation: Installation) -> None:
    configure(installation, "job", schedule=control.interval(86400))
    installation.start("control", "sync", "beat")
    installation.wait(lambda: queries.status()["is_running"])
    row = IntervalSchedule.objects.get()
    row.every, row.period = 1, "seconds"
    row.save()
    runs = installation.wait_for("SUCCESS", 4)
    moments = sorted(run.scheduled_for for run in runs if run.scheduled_for)
    assert len({round((moment - moments[0]).total_seconds(), 3) % 1 for moment in moments}) == 1
    before = read(installation, "job")
    PeriodicTask.objects.filter(name="job").update(enabled=False)
    PeriodicTasks.update_changed()
    installation.wait(lambda: read(installation, "job") > before, 10)
    installation.wait(lambda: not executions.active("job").exists())
    silent_since = timezone.now()
    time.sleep(3)
    assert not Execution.objects.filter(queued_at__gt=silent_since).exists()
    per_moment = Counter(Execution.objects.values_list("job_id", "scheduled_for"))
    assert set(per_moment.values()) == {1}


def make_due_in(seconds: float) -> None:
    """Let the jobs with an interval of an hour be due so soon."""
    JobConfig.objects.update(schedule_since=timezone.now() - timedelta(seconds=3600 - seconds))
    PeriodicTasks.update_changed()


def test_a_beat_killed_before_it_could_note_what_it_sent_does_not_run_it_twice(installation: Installation) -> None:
    configure(installation, "job", schedule=control.interval(3600))
    make_due_in(8)
    installation.start("control", "sync", "beat")
    installation.wait(lambda: sent(installation, "job"))
    installation.kill_tree("beat")
    installation.wait_for("SUCCESS")
    PeriodicTask.objects.update(last_run_at=timezone.now() - timedelta(hours=1))
    Lease.objects.filter(name=LEADER).delete()  # as it runs out by itself after a while
    installation.start("beat")
    installation.wait(lambda: sent(installation, "job") == 2)
    configure(installation, "later", schedule=control.interval(1))
    installation.wait(lambda: Execution.objects.filter(job_id="later", status="SUCCESS").exists())
    assert Execution.objects.filter(job_id="job").count() == 1


def test_a_database_that_is_locked_when_a_job_is_due_delays_it_and_runs_it_once(installation: Installation) -> None:
    installation.environment["TEST_DATABASE_TIMEOUT"] = "0.5"
    configure(installation, "job", schedule=control.interval(3600))
    installation.start("control", "sync", "beat")
    installation.wait(lambda: queries.status()["is_running"])
    make_due_in(2)
    connection.close()
    locker = sqlite3.connect(installation.folder / "stocksync.sqlite3", isolation_level=None, timeout=20)
    locker.execute("BEGIN IMMEDIATE")
    time.sleep(4)
    installation.wait(lambda: "beat waits for it: database is locked" in installation.log("beat"))
    locker.execute("ROLLBACK")
    locker.close()
    installation.wait_for("SUCCESS")
    configure(installation, "later", schedule=control.interval(1))
    installation.wait(lambda: Execution.objects.filter(job_id="later", status="SUCCESS").exists())
    assert Execution.objects.filter(job_id="job").count() == 1
    assert all(process.poll() is None for process in installation.processes.values())


@ALL_BROKERS
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
    make_due_in(4)
    installation.start("control", "sync", "beat", "second beat")
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
    with shut(database_url):
        installation.start("control", "sync", "beat")
        installation.wait(lambda: "beat waits for it" in installation.log("beat"))
    installation.wait_for("SUCCESS")
    assert all(process.poll() is None for process in installation.processes.values())
