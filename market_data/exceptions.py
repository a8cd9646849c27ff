"""What can go wrong, grouped by what to do next.

MarketDataError
├── UsageError            the person asked for something that does not exist
├── BadFile               a file of rows cannot be taken as it is; other files can
├── AlreadyRunning        another process does this already
├── TaskPaused            a person has paused it
└── ProviderError
    ├── RateLimited       wait as told, then ask again
    ├── Transient         ask again with backoff
    │   └── Unreachable   nothing answers at all
    ├── Permanent         stop; a person acts: token, points, IP limit
    │   └── NotPermitted  only this interface; others go on
    ├── BadRequest        our mistake
    ├── NoData            there is nothing of this symbol; others go on
    └── BadPayload        refuse, keep the evidence, go on
"""


class MarketDataError(Exception):
    """A sentence that a person can act on."""


class UsageError(MarketDataError):
    """The person asked for something that does not exist."""


class BadFile(MarketDataError):
    """A file of rows cannot be taken as it is. The sentence names the file and, where there is one, the row."""


class AlreadyRunning(MarketDataError):
    """Another process does this already."""


class TaskPaused(MarketDataError):
    """A person has paused this work; only a person resumes it."""


class ProviderError(MarketDataError):
    """The provider did not give what was asked for."""


class RateLimited(ProviderError):
    """The provider counts too many calls. `limit` calls a `window` of seconds, where it says so."""

    def __init__(self, message: str, limit: int | None = None, window: float = 60.0) -> None:
        super().__init__(message)
        self.limit = limit
        self.window = window


class Transient(ProviderError):
    """Asking again later may help."""


class Unreachable(Transient):
    """No answer at all: connection refused, name not found, timeout."""


class Permanent(ProviderError):
    """Asking again is useless until a person acts."""


class NotPermitted(Permanent):
    """The account may not call this interface."""


class BadRequest(ProviderError):
    """The provider does not understand the request: a mistake of ours."""


class NoData(ProviderError):
    """The provider has nothing of this symbol, or nothing in these days."""


class BadPayload(ProviderError):
    """The answer is not what was asked for and is refused. `evidence` is a JSON value that shows why."""

    def __init__(self, message: str, evidence: object = None) -> None:
        super().__init__(message)
        self.evidence = evidence
