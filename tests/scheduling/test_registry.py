from datetime import date
from typing import Any

import pytest
from pydantic import Field

from scheduling import registry
from scheduling.context import Context, Outcome, Status
from scheduling.exceptions import ConfigurationError
from scheduling.registry import Day, Job, JobKwargs


class Arguments(JobKwargs):
    limit: int = Field(10, ge=1, description="How many.")


def test_a_job_is_declared_with_its_docstring(jobs: dict[str, Job]) -> None:
    @registry.job("count", title="Count", default_cron="0 18 * * *", kwargs_model=Arguments)
    def count(context: Context, limit: int) -> dict[str, Any]:
        """Count things."""
        return {"counted": limit}

    declared = registry.find("count")
    assert declared is not None
    assert (declared.description, declared.queue, declared.default_timezone) == (
        "Count things.",
        "sync",
        "Asia/Shanghai",
    )
    assert registry.all_jobs() == [declared]


def test_a_job_without_docstring_is_refused(jobs: dict[str, Job]) -> None:
    with pytest.raises(ConfigurationError, match="docstring"):

        @registry.job("silent", title="Silent")
        def silent(context: Context) -> None:
            pass


def test_two_jobs_of_one_name_are_refused(jobs: dict[str, Job]) -> None:
    one = Job(name="one", title="One", description="It.", function=lambda context: None)
    registry.register(one)
    with pytest.raises(ConfigurationError, match="Two jobs"):
        registry.register(one)


def test_a_default_schedule_that_never_fires_is_refused(jobs: dict[str, Job]) -> None:
    with pytest.raises(ConfigurationError):
        registry.register(
            Job(name="j", title="J", description="It.", function=lambda context: None, default_cron="0 0 30 2 *")
        )
    assert jobs == {}


@pytest.mark.parametrize("kwargs", [{"limit": 0}, {"limit": "many"}, {"limits": 3}])
def test_kwargs_that_do_not_fit_are_refused_with_one_sentence(kwargs: dict[str, Any]) -> None:
    declared = Job(name="j", title="J", description="It.", function=lambda context: None, kwargs_model=Arguments)
    with pytest.raises(ConfigurationError, match=r"^j: limits?: .*\.$") as refusal:
        declared.check_kwargs(kwargs)
    assert refusal.value.field == "job_kwargs"
    assert declared.check_kwargs({}) == {"limit": 10}


class Days(JobKwargs):
    start: Day | None = None


@pytest.mark.parametrize("written", ["20251231", "2025-12-31"])
def test_a_day_is_written_as_commands_take_it(written: str) -> None:
    declared = Job(name="j", title="J", description="It.", function=lambda context: None, kwargs_model=Days)
    assert declared.check_kwargs({"start": written}) == {"start": date(2025, 12, 31)}
    assert declared.check_kwargs({"start": None}) == {"start": None}


@pytest.mark.parametrize("written", ["20251301", "1735603200", 20251231, "31/12/2025", ""])
def test_what_is_no_day_is_refused_with_one_sentence(written: Any) -> None:
    declared = Job(name="j", title="J", description="It.", function=lambda context: None, kwargs_model=Days)
    with pytest.raises(ConfigurationError, match=r"^j: start: .*(is not a date; write YYYYMMDD|month must be).*\.$"):
        declared.check_kwargs({"start": written})


def test_a_job_cannot_end_by_calling_itself_failed() -> None:
    with pytest.raises(ValueError, match="raises an exception"):
        Outcome(Status.FAILED)
