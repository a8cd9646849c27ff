import logging
from typing import Any

import pytest
from django.db.models import ProtectedError
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks
from pydantic import field_validator

from scheduling import calendars, control, installing, queries, registry
from scheduling.exceptions import ConfigurationError, JobAlreadyExists, JobNotFound
from scheduling.models import JobConfig, Pool
from scheduling.registry import Job, JobKwargs
from scheduling.schedules import Interval
from tests.scheduling.conftest import Declare

pytestmark = pytest.mark.django_db


def rows() -> tuple[int, int, int]:
    return PeriodicTask.objects.count(), CrontabSchedule.objects.count(), IntervalSchedule.objects.count()


def test_a_new_job_has_a_beat_row_and_a_schedule_row_of_its_own(declare: Declare) -> None:
    for name in ("one", "two"):
        declare(name=name, schedule=control.cron("0 18 * * *"))
    task = PeriodicTask.objects.get(name="one")
    assert (task.task, task.args, task.enabled) == ("scheduling.dispatch", '["one"]', True)
    assert str(task.crontab.timezone) == "Asia/Shanghai"
    assert rows() == (2, 2, 0)


def test_defaults_are_those_of_the_requirement(declare: Declare) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    config = control.get("job")
    assert (config.cron_expression, config.timezone, config.enabled) == ("0 18 * * *", "Asia/Shanghai", True)
    assert config.last_run_at is None


def test_an_edit_on_beats_page_is_the_edit_of_the_job(declare: Declare) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    row = CrontabSchedule.objects.get()
    row.hour, row.minute = "18", "45"
    row.save()
    PeriodicTask.objects.update(enabled=False)
    config = control.get("job")
    assert (config.cron_expression, config.enabled) == ("45 18 * * *", False)
    assert not queries.enabled_jobs().exists()


def test_another_cron_stays_in_the_same_row_and_an_interval_replaces_it(declare: Declare) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    row_id = CrontabSchedule.objects.get().pk
    control.set_cron("job", "45 18 * * *", "UTC")
    assert CrontabSchedule.objects.get().pk == row_id
    control.set_interval("job", 1800)
    assert rows() == (1, 0, 1)
    assert (IntervalSchedule.objects.get().every, IntervalSchedule.objects.get().period) == (30, "minutes")
    assert control.get("job").schedule == Interval(1800, control.get("job").schedule_since)
    control.set_cron("job", "0 1 * * *")
    assert rows() == (1, 1, 0)


def test_a_schedule_row_that_somebody_shares_is_left_to_the_others(declare: Declare) -> None:
    declare(name="one", schedule=control.cron("0 18 * * *"))
    shared = CrontabSchedule.objects.get()
    PeriodicTask.objects.create(name="theirs", task="x", crontab=shared)
    control.set_cron("one", "0 9 * * *")
    assert PeriodicTask.objects.get(name="theirs").crontab.hour == "18"
    control.delete("one")
    assert rows() == (1, 1, 0)


def test_deleting_a_job_deletes_its_rows_and_nobody_else_can_delete_them(declare: Declare) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    with pytest.raises(ProtectedError):
        PeriodicTask.objects.get().delete()
    with pytest.raises(ProtectedError):
        CrontabSchedule.objects.get().delete()
    control.delete("job")
    assert rows() == (0, 0, 0)
    with pytest.raises(JobNotFound):
        control.get("job")


def test_a_disabled_job_keeps_its_row(declare: Declare) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    control.disable("job")
    assert (control.get("job").enabled, control.get("job").cron_expression) == (False, "0 18 * * *")
    assert queries.next_runs_of(control.get("job")) == []
    control.enable("job")
    assert len(queries.next_runs_of(control.get("job"))) == 5


def test_a_job_without_schedule_can_be_disabled_too(declare: Declare) -> None:
    declare()
    control.disable("job")
    assert not control.get("job").enabled
    control.enable("job")
    assert control.get("job").enabled


def test_every_write_tells_beat_once_it_is_committed(declare: Declare, django_capture_on_commit_callbacks: Any) -> None:
    declare(schedule=control.cron("0 18 * * *"))
    for change in (
        lambda: control.set_cron("job", "1 1 * * *"),
        lambda: control.disable("job"),
        lambda: control.delete("job"),
    ):
        with django_capture_on_commit_callbacks() as callbacks:
            change()
        told_within = PeriodicTasks.last_change()
        for callback in callbacks:
            callback()
        assert PeriodicTasks.last_change() > told_within


def test_create_or_update_changes_only_what_it_is_given(declare: Declare) -> None:
    declare(schedule=control.cron("0 18 * * *"), priority=7)
    config, is_new = control.create_or_update("job", job_name="Renamed", enabled=False)
    assert not is_new
    assert (config.job_name, config.priority, config.enabled, config.cron_expression) == (
        "Renamed",
        7,
        False,
        "0 18 * * *",
    )
    config, _ = control.create_or_update("job", schedule=control.cron("5 5 * * *"))
    assert (config.enabled, config.cron_expression) == (False, "5 5 * * *")


def test_a_job_id_is_taken_once_and_its_code_must_exist(declare: Declare) -> None:
    declare()
    with pytest.raises(JobAlreadyExists):
        control.create("job")
    with pytest.raises(ConfigurationError) as refusal:
        control.create("other", job_type="nothing")
    assert refusal.value.field == "job_type"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("overlap", "sometimes"),
        ("priority", 10),
        ("max_retries", -1),
        ("job_kwargs", {"x": 1}),
        ("job_name", "n" * 201),
    ],
)
def test_a_value_that_cannot_be_names_its_field(declare: Declare, field: str, value: object) -> None:
    declare()
    with pytest.raises(ConfigurationError) as refusal:
        control.update("job", **{field: value})
    assert refusal.value.field == field
    assert JobConfig.objects.get().overlap == "skip"


@pytest.mark.parametrize("seconds", [0, -5, 400 * 86400])
def test_an_absurd_interval_is_refused(declare: Declare, seconds: int) -> None:
    declare()
    with pytest.raises(ConfigurationError):
        control.set_interval("job", seconds)


def test_a_periodic_task_of_that_name_that_somebody_made_is_left_alone(declare: Declare) -> None:
    row = CrontabSchedule.objects.create(minute="0", hour="18")
    PeriodicTask.objects.create(name="job", task="theirs", crontab=row)
    with pytest.raises(ConfigurationError, match="not ours"):
        declare(schedule=control.cron("0 18 * * *"))
    assert PeriodicTask.objects.get().task == "theirs"
    assert not JobConfig.objects.exists()


def test_jobs_cannot_run_after_each_other(declare: Declare) -> None:
    first = declare(name="first")
    second = declare(name="second", run_after=first)
    third = declare(name="third", run_after=second)
    with pytest.raises(ConfigurationError, match="first after third after second after first"):
        control.update("first", run_after=third)
    with pytest.raises(ConfigurationError):
        control.update("first", run_after=first)


def test_default_schedules_are_installed_once_and_edits_are_kept(jobs: dict[str, Job]) -> None:
    registry.register(
        Job(
            name="daily",
            title="Daily",
            description="It.",
            function=lambda context: None,
            default_cron="0 18 * * *",
            policies={"pool": "provider", "overlap": "queue_one"},
        )
    )
    registry.register(
        Job(
            name="later",
            title="Later",
            description="It.",
            function=lambda context: None,
            default_cron="0 1 * * *",
            is_enabled=False,
        )
    )
    registry.register(
        Job(name="made_by_users", title="M", description="It.", function=lambda context: None, is_template=True)
    )
    assert installing.install_schedules() == (["daily", "later"], [])
    assert (control.get("daily").overlap, control.get("later").enabled) == ("queue_one", False)
    assert Pool.objects.get().name == "provider"
    control.set_cron("daily", "45 18 * * *")
    control.enable("later")
    assert installing.install_schedules() == ([], ["daily", "later"])
    assert (control.get("daily").cron_expression, control.get("later").enabled) == ("45 18 * * *", True)


def test_a_calendar_that_nobody_knows_is_refused(declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "_calendars", {"SSE": lambda day: True})
    declare(calendar="SSE")
    refusal = "^Nobody knows the calendar MOON; there are: SSE.$"
    with pytest.raises(ConfigurationError, match=refusal) as refused:
        control.update("job", calendar="MOON")
    assert refused.value.field == "calendar"
    with pytest.raises(ConfigurationError, match=refusal):
        declare(name="other", calendar="MOON")
    control.update("job", calendar="")
    assert list(JobConfig.objects.values_list("job_id", "calendar")) == [("job", "")]


class Names(JobKwargs):
    names: list[str]

    @field_validator("names")
    @classmethod
    def _are_some(cls, names: list[str]) -> list[str]:
        if not names:
            raise ValueError("Write at least one name.")
        return names


@pytest.mark.parametrize(
    ("kwargs", "sentence"),
    [
        ({}, "made: names: Field required."),
        ({"names": []}, "made: names: Write at least one name."),
        ({"names": ["a", 2]}, "made: names.1: Input should be a valid string."),
        ({"names": ["a"], "other": 1}, "made: other: Extra inputs are not permitted."),
        (["names"], "made: The arguments are not a JSON object."),
        (None, "made: The arguments are not a JSON object."),
    ],
)
@pytest.mark.parametrize("is_template", [True, False])
def test_arguments_that_do_not_fit_are_refused_in_one_sentence(
    jobs: dict[str, Job], kwargs: Any, sentence: str, is_template: bool
) -> None:
    registry.register(
        Job(
            name="made",
            title="M",
            description="It.",
            function=lambda context, names: None,
            is_template=is_template,
            kwargs_model=Names,
        )
    )
    control.create("good", job_type="made", job_kwargs={"names": ["a"]})
    for attempt in (
        lambda: control.create("bad", job_type="made", job_kwargs=kwargs),
        lambda: control.update("good", job_kwargs=kwargs),
    ):
        with pytest.raises(ConfigurationError) as refused:
            attempt()
        assert (str(refused.value), refused.value.field) == (sentence, "job_kwargs")
    assert [config.job_kwargs for config in JobConfig.objects.all()] == [{"names": ["a"]}]


def test_creation_change_and_deletion_are_logged(declare: Declare, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "scheduling"):
        declare(schedule=control.cron("0 18 * * *"))
        control.update("job", priority=3)
        control.pause("job", "the provider moves")
        control.delete("job")
    text = caplog.text
    assert "job: created, At 18:00 (Asia/Shanghai)" in text
    assert "job: changed priority" in text
    assert "job: paused: the provider moves" in text
    assert "job: deleted" in text
