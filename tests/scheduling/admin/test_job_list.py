"""The list of jobs: what it tells, what it costs, and what one can do from it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from pytest_django import DjangoAssertNumQueries

from scheduling import control, leases
from scheduling.context import Status
from scheduling.models import Execution, JobConfig
from tests.scheduling.admin.conftest import ended
from tests.scheduling.admin.pages import JOBS, act, page_of, saved, told
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db
MANY = 5000


def listed(client: Client, **parameters: str) -> str:
    answer = client.get(JOBS, parameters)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(client: Client, **parameters: str) -> list[str]:
    return [config.job_id for config in client.get(JOBS, parameters).context["cl"].result_list]


def make_many(count: int) -> None:
    """Jobs with schedules of their own, each with a run."""
    now = timezone.now()
    crontabs = CrontabSchedule.objects.bulk_create(
        [CrontabSchedule(minute=str(n % 60), hour=str(n % 24), timezone="Asia/Shanghai") for n in range(count)]
    )
    tasks = PeriodicTask.objects.bulk_create(
        [PeriodicTask(name=f"many-{n}", task="x", crontab=crontab) for n, crontab in enumerate(crontabs)]
    )
    JobConfig.objects.bulk_create(
        [
            JobConfig(job_id=task.name, job_name="Many", job_type="job", periodic_task=task, schedule_since=now)
            for task in tasks
        ]
    )
    JobConfig.objects.update(last_run_at=now)
    runs = {"job_type": "job", "trigger": "schedule", "queue": "sync", "queued_at": now, "started_at": now}
    Execution.objects.bulk_create([Execution(job_id=task.name, status="SUCCESS", **runs) for task in tasks])


def test_it_opens_on_an_empty_database(admin_client: Client) -> None:
    assert "0 job configs" in " ".join(listed(admin_client).split())


def test_a_job_is_shown_with_its_schedule_and_its_runs(admin_client: Client, job: JobConfig) -> None:
    run = ended(status=Status.FAILED)
    ended(queued_at=timezone.now() - timedelta(days=1), started_at=timezone.now() - timedelta(days=1))
    JobConfig.objects.update(last_run_at=run.started_at)

    page = listed(admin_client)

    assert "At 18:00 (Asia/Shanghai)" in page
    assert "18:00:00 CST" in page
    assert f'<a href="{page_of(run)}">' in page
    assert "FAILED" in page
    assert "SUCCESS" not in page


def test_a_run_that_never_started_is_not_the_last_run(admin_client: Client, job: JobConfig) -> None:
    run = ended()
    ended(status=Status.SKIPPED, started_at=None)
    JobConfig.objects.update(last_run_at=run.started_at)

    page = listed(admin_client)

    assert page_of(run) in page
    assert "SKIPPED" not in page


def test_code_that_is_unknown_is_told_in_red(admin_client: Client, job: JobConfig, jobs: dict[str, Any]) -> None:
    jobs.clear()

    assert '<strong class="r-error">unknown: no code declares job</strong>' in listed(admin_client)
    assert "unknown: no code declares job" in admin_client.get(page_of(job)).content.decode()


def test_a_pause_is_shown_with_its_note_and_without_a_next_run(admin_client: Client, job: JobConfig) -> None:
    control.pause("job", "the source is down")

    page = listed(admin_client)

    assert "the source is down" in page
    assert "18:00:00 CST" not in page


def test_a_schedule_that_never_fires_disturbs_nobody(admin_client: Client, job: JobConfig) -> None:
    CrontabSchedule.objects.update(day_of_month="31", month_of_year="2")

    assert "never occurs" in listed(admin_client)
    assert "never occurs" in admin_client.get(page_of(job)).content.decode()


def test_a_schedule_that_is_no_cron_disturbs_nobody(admin_client: Client, job: JobConfig) -> None:
    CrontabSchedule.objects.update(hour="1, 2")

    assert "has 6 fields" in listed(admin_client)
    assert "has 6 fields" in admin_client.get(page_of(job)).content.decode()


def test_jobs_without_cron_say_when_they_run(admin_client: Client, declare: Declare) -> None:
    leader = declare(name="leader", schedule=control.interval(1800))
    declare(name="follower", run_after=leader)
    declare(name="lonely")

    page = listed(admin_client)

    assert "Every 30 minutes" in page
    assert "After leader" in page
    assert "By hand" in page


def test_it_tells_when_no_beat_runs(admin_client: Client) -> None:
    assert "No beat is running" in listed(admin_client)
    leases.hold(leases.LEADER, "somebody", 60)
    assert "No beat is running" not in listed(admin_client)


@pytest.mark.parametrize(("state", "found"), [("enabled", ["on"]), ("disabled", ["off"]), ("paused", ["paused"])])
def test_it_is_filtered_by_state(admin_client: Client, declare: Declare, state: str, found: list[str]) -> None:
    declare(name="on", schedule=control.cron("0 1 * * *"))
    declare(name="off", schedule=control.cron("0 1 * * *"), enabled=False)
    declare(name="paused")
    control.pause("paused", "why")

    assert set(found) <= set(shown(admin_client, state=state))
    assert ("on" in shown(admin_client, state=state)) == (state == "enabled")


def test_thousands_of_jobs_cost_no_more_queries_than_a_few(
    admin_client: Client, job: JobConfig, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_many(MANY)

    with django_assert_max_num_queries(10):
        page = listed(admin_client)

    assert f"{MANY + 1} job configs" in page
    assert page.count("SUCCESS") == 49


def test_enabling_and_disabling_is_what_control_does(admin_client: Client, declare: Declare) -> None:
    one, two = (declare(name=name, schedule=control.cron("0 1 * * *")) for name in ("one", "two"))

    assert "2 jobs: Disabled." in told(act(admin_client, "disable", one, two))
    assert not PeriodicTask.objects.filter(enabled=True).exists()
    assert "one: Enabled." in told(act(admin_client, "enable", one))
    assert (saved("one").enabled, saved("two").enabled) == (True, False)
    assert LogEntry.objects.filter(object_id=str(one.pk)).count() == 2


def test_pausing_takes_a_note_and_resuming_forgets_it(admin_client: Client, job: JobConfig) -> None:
    assert "Write a note" in told(act(admin_client, "pause", job))
    assert saved("job").paused_at is None

    act(admin_client, "pause", job, note="the source is down")
    assert (saved("job").pause_note, saved("job").paused_at is None) == ("the source is down", False)

    act(admin_client, "resume", job)
    assert (saved("job").pause_note, saved("job").paused_at) == ("", None)


def test_running_queues_a_run_of_each_and_tells_of_those_that_cannot(
    admin_client: Client, declare: Declare, jobs: dict[str, Any]
) -> None:
    good, bad = declare(name="good"), declare(name="bad")
    del jobs["bad"]

    page = act(admin_client, "run_now", good, bad)

    assert "good: Asked to run now." in told(page)
    assert "No code declares the job bad." in told(page)
    assert list(Execution.objects.values_list("job_id", "status", "trigger")) == [("good", "QUEUED", "manual")]


def test_deleting_from_the_list_deletes_the_schedules_too(admin_client: Client, job: JobConfig) -> None:
    data = {"action": "delete_selected", "_selected_action": [str(job.pk)], "post": "yes"}

    admin_client.post(JOBS, data)

    assert (JobConfig.objects.count(), PeriodicTask.objects.count(), CrontabSchedule.objects.count()) == (0, 0, 0)
