"""django-celery-beat's own pages: they work, they change the same fact, and they leave what is a job's to the job."""

from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
    SolarSchedule,
)

from scheduling import control
from scheduling.context import Status
from scheduling.models import Execution, JobConfig
from tests.scheduling.admin.conftest import Staff
from tests.scheduling.admin.pages import act, errors, page_of, save, saved, told
from tests.scheduling.conftest import Declare, waiting_messages

pytestmark = pytest.mark.django_db
MODELS: list[type[Model]] = [ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule]
TASK_FORM, CRON_FORM = "periodictask_form", "crontabschedule_form"


def list_of(model: type[Model]) -> str:
    return reverse(f"admin:django_celery_beat_{model._meta.model_name}_changelist")


def task() -> PeriodicTask:
    return PeriodicTask.objects.get(name="job")


def theirs(**fields: Any) -> PeriodicTask:
    """A task that is no job's."""
    crontab = CrontabSchedule.objects.create(hour="9", timezone="UTC")
    return PeriodicTask.objects.create(**{"name": "theirs", "task": "theirs", "crontab": crontab, **fields})


@pytest.mark.parametrize("model", MODELS)
def test_every_list_and_every_empty_form_opens(admin_client: Client, job: JobConfig, model: type[Model]) -> None:
    assert admin_client.get(list_of(model)).status_code == 200
    assert admin_client.get(f"{list_of(model)}add/").status_code == 200


def test_a_jobs_task_leads_to_the_job(admin_client: Client, job: JobConfig) -> None:
    page = admin_client.get(page_of(task())).content.decode()

    assert page_of(job) in page
    assert "At 06:00 PM" in page


def test_another_crontab_on_beats_page_is_the_jobs(admin_client: Client, job: JobConfig) -> None:
    before = PeriodicTasks.last_change()

    save(admin_client, page_of(CrontabSchedule.objects.get()), CRON_FORM, hour="18", minute="45")

    assert saved("job").cron_expression == "45 18 * * *"
    assert "At 18:45 (Asia/Shanghai)" in admin_client.get(page_of(job)).content.decode()
    assert PeriodicTasks.last_change() > before


def test_another_row_on_beats_page_is_the_jobs(admin_client: Client, job: JobConfig) -> None:
    interval = IntervalSchedule.objects.create(every=30, period="minutes")

    save(admin_client, page_of(task()), TASK_FORM, crontab="", interval=str(interval.pk))

    assert "Every 30 minutes" in admin_client.get(page_of(job)).content.decode()


def test_the_checkbox_on_beats_page_is_the_jobs(admin_client: Client, job: JobConfig) -> None:
    save(admin_client, page_of(task()), TASK_FORM, enabled=None)
    assert not saved("job").enabled
    save(admin_client, page_of(task()), TASK_FORM, enabled="on")
    assert saved("job").enabled


def test_beats_actions_switch_the_job(admin_client: Client, job: JobConfig) -> None:
    act(admin_client, "disable_tasks", task())
    assert not saved("job").enabled
    act(admin_client, "enable_tasks", task())
    assert saved("job").enabled


def test_what_the_job_is_cannot_be_changed_on_beats_page(admin_client: Client, job: JobConfig) -> None:
    changes = {"name": "other", "task": "other", "regtask": "scheduling.sweep", "args": "[]", "one_off": "on"}

    save(admin_client, page_of(task()), TASK_FORM, **changes, description="Mine")

    assert (task().task, task().args, task().one_off, task().description) == (
        "scheduling.dispatch",
        '["job"]',
        False,
        "Mine",
    )


def test_a_jobs_schedule_is_not_shared_with_another_task(admin_client: Client, job: JobConfig) -> None:
    other = theirs()

    answer = save(admin_client, page_of(other), TASK_FORM, crontab=str(task().crontab.pk))

    assert errors(answer)["crontab"] == ["This schedule belongs to the job job; choose or add another one."]
    other.refresh_from_db()
    assert other.crontab != task().crontab


def test_a_new_task_cannot_share_a_jobs_schedule(admin_client: Client, declare: Declare) -> None:
    declare(schedule=control.interval(60))
    row = IntervalSchedule.objects.get()

    answer = save(admin_client, f"{list_of(PeriodicTask)}add/", TASK_FORM, name="new", task="x", interval=str(row.pk))

    assert "belongs to the job job" in errors(answer)["interval"][0]
    assert not PeriodicTask.objects.filter(name="new").exists()


def test_a_job_cannot_take_the_schedule_of_another_task(admin_client: Client, job: JobConfig) -> None:
    answer = save(admin_client, page_of(task()), TASK_FORM, crontab=str(theirs().crontab.pk))

    assert "The task theirs has this schedule" in errors(answer)["crontab"][0]
    assert saved("job").cron_expression == "0 18 * * *"


def test_tasks_that_are_no_jobs_may_share_and_change_everything(admin_client: Client, job: JobConfig) -> None:
    one = theirs()
    two = theirs(name="two")

    save(admin_client, page_of(two), TASK_FORM, crontab=str(one.crontab.pk), args='["x"]', name="renamed")

    two.refresh_from_db()
    assert (two.crontab, two.args, two.name) == (one.crontab, '["x"]', "renamed")


@pytest.mark.parametrize("changes", [{"day_of_month": "31", "month_of_year": "2"}, {"hour": "1, 2"}, {"hour": "25"}])
def test_a_crontab_that_cannot_be_is_refused_with_a_sentence(
    admin_client: Client, job: JobConfig, changes: dict[str, str]
) -> None:
    answer = save(admin_client, page_of(CrontabSchedule.objects.get()), CRON_FORM, **changes)

    assert errors(answer)
    assert saved("job").cron_expression == "0 18 * * *"


def test_rows_that_a_job_needs_cannot_be_deleted(admin_client: Client, job: JobConfig) -> None:
    for row in (task(), CrontabSchedule.objects.get()):
        answer: Any = admin_client.post(page_of(row, "delete"), {"post": "yes"})

        page = answer.content.decode()
        assert "would require deleting the following protected related objects" in page
        assert page_of(job) in page
        data = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
        admin_client.post(list_of(type(row)), data)
    assert saved("job").cron_expression == "0 18 * * *"


def test_running_a_jobs_task_runs_the_job(admin_client: Client, job: JobConfig) -> None:
    assert "job: Asked to run now." in told(act(admin_client, "run_tasks", task()))

    assert Execution.objects.get().status == Status.QUEUED


def test_running_another_task_sends_it(admin_client: Client, job: JobConfig) -> None:
    act(admin_client, "run_tasks", theirs(task="scheduling.sweep"))

    assert not Execution.objects.exists()
    assert waiting_messages("control") == 1


@pytest.mark.parametrize("action", ["disable_tasks", "toggle_tasks"])
def test_who_may_only_view_has_no_actions(staff: Staff, job: JobConfig, action: str) -> None:
    act(staff("view_periodictask", "add_execution"), action, task())

    assert saved("job").enabled


def test_who_may_not_run_jobs_does_not_run_them_from_beats_page(staff: Staff, job: JobConfig) -> None:
    act(staff("view_periodictask", "change_periodictask"), "run_tasks", task())

    assert not Execution.objects.exists()
