"""The jobs that code declares: `@job(...)` on a function in an application's `jobs.py`."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from scheduling.context import Context, Outcome
from scheduling.cron import check_cron
from scheduling.exceptions import ConfigurationError

JobFunction = Callable[..., Outcome | dict[str, Any] | None]
SYNC_QUEUE = "sync"
DEFAULT_TIMEZONE = "Asia/Shanghai"


def _written_day(value: Any) -> Any:
    """Pydantic would take YYYYMMDD for a number of seconds."""
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d|\d{8}", value, re.ASCII):
        return date.fromisoformat(value)
    raise ValueError(f"{str(value)[:40]!r} is not a date; write YYYYMMDD, such as 20240131, or 2024-01-31")


Day = Annotated[date, BeforeValidator(_written_day)]
"""A day of a job's arguments, written YYYYMMDD or YYYY-MM-DD."""


class JobKwargs(BaseModel):
    """Base of every job's arguments: unknown names are refused."""

    # Every process declares the jobs; few ever check arguments, and what checks them takes long to make.
    model_config = ConfigDict(extra="forbid", defer_build=True)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A declared job. `policies` are values of JobConfig's fields when the job is installed."""

    name: str
    title: str
    description: str
    function: JobFunction
    kwargs_model: type[BaseModel] = JobKwargs
    default_cron: str = ""
    default_timezone: str = DEFAULT_TIMEZONE
    default_kwargs: Mapping[str, Any] = field(default_factory=dict)
    is_template: bool = False
    is_enabled: bool = True
    note: str = ""
    queue: str = SYNC_QUEUE
    retry_on: tuple[type[Exception], ...] = (Exception,)
    policies: Mapping[str, Any] = field(default_factory=dict)

    def check_kwargs(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The values to call the job with. Raises ConfigurationError with one sentence for what does not fit."""
        if not isinstance(kwargs, Mapping):
            raise ConfigurationError(f"{self.name}: The arguments are not a JSON object.", "job_kwargs")
        try:
            given = self.kwargs_model.model_validate(dict(kwargs))
        except ValidationError as error:
            place, reason = first_error(error)
            raise ConfigurationError(f"{self.name}: {place or 'kwargs'}: {reason}.", "job_kwargs") from error
        return {name: getattr(given, name) for name in type(given).model_fields}

    def run(self, context: Context, kwargs: Mapping[str, Any]) -> Outcome:
        answer = self.function(context, **self.check_kwargs(kwargs))
        return answer if isinstance(answer, Outcome) else Outcome(result=answer or {})


def first_error(error: ValidationError) -> tuple[str, str]:
    """The place of the first thing that is wrong, such as `symbols.0`, and the reason without its full stop."""
    first = error.errors()[0]
    # Pydantic puts words of its own before what a validator of ours says.
    raised = first.get("ctx", {}).get("error")
    reason = raised if isinstance(raised, Exception) else first["msg"]
    return ".".join(str(part) for part in first["loc"]), str(reason).rstrip(".")


_jobs: dict[str, Job] = {}


def job(name: str, *, title: str, **options: Any) -> Callable[[JobFunction], JobFunction]:
    """Declare the function as a job; its docstring is what operators read. Options are the fields of Job.

    The function takes a Context and the fields of `kwargs_model`, and returns a result or an Outcome.
    """

    def declare(function: JobFunction) -> JobFunction:
        description = inspect.getdoc(function)
        if not description:
            raise ConfigurationError(f"The job {name} has no docstring; operators read it.", "description")
        register(Job(name=name, title=title, description=description, function=function, **options))
        return function

    return declare


def register(declared: Job) -> None:
    """Raises ConfigurationError where the name is taken or the default schedule never fires."""
    if declared.name in _jobs:
        raise ConfigurationError(f"Two jobs are called {declared.name}.", "name")
    if declared.default_cron:
        check_cron(declared.default_cron, declared.default_timezone)
    _jobs[declared.name] = declared


def find(name: str) -> Job | None:
    return _jobs.get(name)


def all_jobs() -> list[Job]:
    return sorted(_jobs.values(), key=lambda declared: declared.name)
