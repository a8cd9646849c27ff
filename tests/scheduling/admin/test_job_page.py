"""The page of a job: what it tells, that it changes what control changes, and refuses what control refuses."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from scheduling import calendars, control, queries
from scheduling.context import Status
from scheduling.models import Execution, JobConfig, Pool
from scheduling.schedules import Interval
from tests.scheduling.admin.conftest import ended
from tests.scheduling.admin.pages import (
    errors,
    fields,
    page_of,
    save,
    saved,
    send,
    told,
)
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db


def test_it_shows_the_schedule_in_words_and_the_next_five_runs(admin_client: Client, job: JobConfig) -> None:
    page = admin_client.get(page_of(job)).content.decode()

    assert "At 18:00 (Asia/Shanghai)" in page
    runs = queries.next_runs_of(job)
    assert len(runs) == 5
    assert all(f"{run.astimezone(timezone.get_current_timezone()):%a %Y-%m-%d %H:%M:%S} CST" in page for run in runs)
    assert "Job<p>It.</p>" in page
    assert "&lt;" not in page


def test_its_runs_of_a_month_are_drawn(admin_client: Client, job: JobConfig) -> None:
    assert 'data-role="history"' not in admin_client.get(page_of(job)).content.decode()
    for days, status, milliseconds in ((40, "SUCCESS", 9e6), (2, "SUCCESS", 90_000), (1, "FAILED", 45_000)):
        queued = timezone.now() - timedelta(days=days)
        ended(status=Status(status), queued_at=queued, duration_ms=int(milliseconds))

    page = admin_client.get(page_of(job)).content.decode()

    drawn = page.split('data-role="history"')[1].split("</figure>")[0]
    assert "Durations, up to 0:01:30" in drawn
    assert [int(height) for height in re.findall(r'<rect [^>]*height="(\d+)"', drawn)] == [94, 47]
    assert drawn.count("r-is-failed") == 1


def test_it_warns_of_both_day_fields(admin_client: Client, job: JobConfig) -> None:
    assert "Both day fields are set" not in admin_client.get(page_of(job)).content.decode()
    control.set_cron("job", "0 18 1 * 1")
    assert "Both day fields are set" in admin_client.get(page_of(job)).content.decode()


def test_it_tells_what_arguments_there_are(admin_client: Client, job: JobConfig) -> None:
    page = admin_client.get(page_of(job)).content.decode()

    assert "<code>days</code> (integer, default 3): How many days back." in page
    assert "<code>names</code> (list of string, default [&quot;a&quot;]): Which ones." in page


def test_another_cron_is_stored_in_beats_row(admin_client: Client, job: JobConfig) -> None:
    save(admin_client, page_of(job), cron_expression="45  18 * * 1-5", timezone="UTC")

    assert str(CrontabSchedule.objects.get()) == "45 18 * * 1-5 (m/h/dM/MY/d) UTC"
    assert (saved("job").cron_expression, saved("job").timezone) == ("45 18 * * 1-5", "UTC")


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"cron_expression": "61 * * * *"}, "cron_expression", "cannot be read"),
        ({"cron_expression": "0 18 * *"}, "cron_expression", "has 4 fields"),
        ({"cron_expression": "0 0 31 2 *"}, "cron_expression", "never occurs"),
        ({"cron_expression": "mon- * * * *"}, "cron_expression", "cannot be 'mon-'"),
        ({"timezone": "Asia/Nowhere"}, "timezone", "not a time zone"),
        ({"interval": "60"}, "interval", "not both"),
        ({"interval": "999999999", "cron_expression": ""}, "interval", "between a second and a year"),
        ({"job_kwargs": '{"days": 0}'}, "job_kwargs", "greater than or equal to 1"),
        ({"job_kwargs": '{"dais": 1}'}, "job_kwargs", "dais"),
        ({"job_kwargs": "[1]"}, "job_kwargs", "Write a JSON object"),
        ({"job_kwargs": "{"}, "job_kwargs", "valid JSON"),
        ({"job_kwargs": '{"days": NaN}'}, "job_kwargs", "finite"),
        ({"job_kwargs": '{"names": ["\\u0000"]}'}, "job_kwargs", "NUL"),
        ({"job_kwargs": '{"names": ["\\ud800"]}'}, "job_kwargs", "halves"),
        ({"priority": "10"}, "priority", "less than or equal to 9"),
        ({"job_name": ""}, "job_name", "required"),
    ],
)
def test_what_cannot_be_is_refused_next_to_its_field(
    admin_client: Client, job: JobConfig, changes: dict[str, str], field: str, sentence: str
) -> None:
    before = JobConfig.objects.values().get(), CrontabSchedule.objects.values().get()

    tried: dict[str, Any] = {"priority": "7", "enabled": None, **changes}
    answer = save(admin_client, page_of(job), **tried)

    assert sentence in " ".join(errors(answer)[field])
    assert (JobConfig.objects.values().get(), CrontabSchedule.objects.values().get()) == before
    assert PeriodicTask.objects.get().enabled


def test_a_job_cannot_run_after_itself(admin_client: Client, declare: Declare) -> None:
    one = declare(name="one")
    two = declare(name="two", run_after=one)

    answer = save(admin_client, page_of(one), run_after=str(two.pk))

    assert "cannot run after itself" in errors(answer)["run_after"][0]
    assert saved("one").run_after is None


def test_policies_are_saved(admin_client: Client, job: JobConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "_calendars", {"SSE": lambda day: True})
    Pool.objects.create(name="provider", slots=2)
    kwargs = {"days": 9, "names": ["平安"]}

    save(
        admin_client,
        page_of(job),
        overlap="queue_one",
        calendar="SSE",
        pool="provider",
        start_by_seconds="60",
        job_kwargs=json.dumps(kwargs),
    )

    config = saved("job")
    assert (config.overlap, config.calendar, config.pool, config.start_by_seconds) == (
        "queue_one",
        "SSE",
        "provider",
        60,
    )
    assert config.job_kwargs == kwargs
    assert config.cron_expression == "0 18 * * *"


def test_a_calendar_and_a_pool_that_nobody_knows_stay(admin_client: Client, declare: Declare) -> None:
    declare(pool="gone too")
    JobConfig.objects.update(calendar="gone")
    Pool.objects.all().delete()
    config = saved("job")

    save(admin_client, page_of(config), job_name="Other")

    assert (saved("job").calendar, saved("job").pool, saved("job").job_name) == ("gone", "gone too", "Other")


def test_a_page_that_was_open_for_long_changes_only_what_its_reader_changed(
    admin_client: Client, job: JobConfig
) -> None:
    values = fields(admin_client, page_of(job), "jobconfig_form")
    control.set_cron("job", "45 18 * * *")
    control.disable("job")
    control.update("job", priority=9)

    send(admin_client, page_of(job), {**values, "job_name": "Renamed"})

    config = saved("job")
    assert (config.job_name, config.cron_expression, config.enabled, config.priority) == (
        "Renamed",
        "45 18 * * *",
        False,
        9,
    )


def test_an_interval_takes_the_place_of_a_cron_and_nothing_that_of_an_interval(
    admin_client: Client, job: JobConfig
) -> None:
    save(admin_client, page_of(job), cron_expression="", interval="600")
    assert saved("job").schedule == Interval(600, saved("job").schedule_since)

    since = saved("job").schedule_since
    save(admin_client, page_of(job), job_name="Renamed")
    assert saved("job").schedule_since == since

    save(admin_client, page_of(job), interval="")
    assert (saved("job").schedule, saved("job").enabled, PeriodicTask.objects.count()) == (None, True, 0)


def test_a_disabled_job_stays_disabled_without_its_schedule(admin_client: Client, job: JobConfig) -> None:
    control.disable("job")

    save(admin_client, page_of(job), cron_expression="")

    assert (saved("job").schedule, saved("job").enabled) == (None, False)


def test_the_checkbox_enables_and_disables(admin_client: Client, job: JobConfig) -> None:
    save(admin_client, page_of(job), enabled=None)
    assert (saved("job").enabled, saved("job").cron_expression) == (False, "0 18 * * *")
    save(admin_client, page_of(job), enabled="on")
    assert saved("job").enabled


def test_a_job_whose_schedule_never_fires_can_be_renamed(admin_client: Client, job: JobConfig) -> None:
    CrontabSchedule.objects.update(day_of_month="31", month_of_year="2")

    save(admin_client, page_of(job), job_name="Renamed")

    assert saved("job").job_name == "Renamed"


def test_what_control_refuses_after_all_is_told(
    admin_client: Client, job: JobConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = fields(admin_client, page_of(job), "jobconfig_form")
    # Arguments that a later version of the code does not take; nobody changes them on this page.
    JobConfig.objects.update(job_kwargs={"gone": 1})

    answer = send(admin_client, page_of(job), {**values, "job_name": "Renamed"})

    assert "gone: Extra inputs are not permitted" in told(answer)
    assert saved("job").job_name == "Job"


def test_the_latest_twenty_executions_are_shown_with_a_link_to_all(admin_client: Client, job: JobConfig) -> None:
    now = timezone.now()
    runs = [ended(queued_at=now - timedelta(minutes=number), error_message=f"<{number}>") for number in range(21)]
    ended("other")

    page = admin_client.get(page_of(job)).content.decode()

    assert [page_of(run) in page for run in runs] == [True] * 20 + [False]
    assert "&lt;0&gt;" in page
    assert "/admin/scheduling/execution/?job_id=job" in page


@pytest.mark.parametrize("place", [("change",), ("run",)])
def test_a_job_that_is_not_there_is_no_error(admin_client: Client, job: JobConfig, place: tuple[str]) -> None:
    page = page_of(job, *place)
    control.delete("job")

    assert admin_client.get(page).status_code in (302, 404)


def test_deleting_a_job_takes_its_schedule_along(admin_client: Client, job: JobConfig) -> None:
    ended()

    admin_client.post(page_of(job, "delete"), {"post": "yes"})

    assert (JobConfig.objects.count(), PeriodicTask.objects.count(), Execution.objects.count()) == (0, 0, 1)
