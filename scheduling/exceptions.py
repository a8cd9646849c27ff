"""What can go wrong, grouped by what to do next.

SchedulingError
├── JobNotFound            there is no such job
├── JobAlreadyExists       choose another job id
├── ConfigurationError     correct the field named
├── Held                   another transaction has it; try again in a moment
├── LostEdit               somebody else changed the same in between; look, and repeat the change
│   └── NotAsSeen          somebody else changed it in between, and it was to be changed only as it was
└── ExecutionError         this run cannot be started or told what was asked
    ├── ExecutionNotFound  there is no such execution
    └── ExecutionRefused   the job's overlap policy refuses another run for now

Interruption ends a job's code from outside; job code lets it pass, so it is no `Exception`.
├── Cancelled              a person asked for the end
├── TakenOver              another worker runs the execution now
└── TimeLimitReached       the job's soft time limit is over
"""


class SchedulingError(Exception):
    """A sentence that a person can act on."""


class JobNotFound(SchedulingError):
    """There is no job of this id."""


class JobAlreadyExists(SchedulingError):
    """The job id is taken."""

    field = "job_id"


class ConfigurationError(SchedulingError):
    """A value that cannot be; `field` names it."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class Held(SchedulingError):
    """Another transaction holds what is asked for, and does not end."""


class LostEdit(SchedulingError):
    """Somebody else has changed the same part of a job since it was read; nothing was changed now."""


class NotAsSeen(LostEdit):
    """A job is not any more as whoever wants to change it has seen it."""


class ExecutionError(SchedulingError):
    """An execution cannot be started, or not be told what was asked."""


class ExecutionNotFound(ExecutionError):
    """There is no execution of this id."""


class ExecutionRefused(ExecutionError):
    """The overlap policy of the job refuses another run for now."""


class Interruption(BaseException):
    """Ends a job's code from outside, past every `except Exception`."""


class Cancelled(Interruption):
    """A person asked for the end of the execution."""


class TakenOver(Interruption):
    """Another worker runs the execution now; nothing may be written for it any more."""


class TimeLimitReached(Interruption):
    """The job's soft time limit is over."""
