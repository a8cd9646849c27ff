"""Cron expressions by Celery's rules: checked, explained, and computed as Celery will fire them."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from celery.schedules import ParseException
from cron_descriptor import ExpressionDescriptor, FormatException, Options  # type: ignore[import-untyped]
from django.utils.translation import get_language, gettext
from django_celery_beat.tzcrontab import TzAwareCrontab

from scheduling.exceptions import ConfigurationError

FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
_MINUTE = timedelta(minutes=1)
_NEVER = datetime.max.replace(tzinfo=UTC)
_TEN_YEARS = timedelta(days=3660)
# What cron-descriptor calls the languages of the site.
_LOCALES = {"zh-hans": "zh_CN"}
# Celery reads `mon-` as Monday and `5-1-2` as 5-1: what follows a readable start is passed over.
_PART = r"(\*|\w+(-\w+)?)(/\d+)?"
_FIELD = re.compile(rf"{_PART}(,{_PART})*")
# What django-celery-beat's columns hold.
COLUMN_WIDTHS = {"minute": 240, "hour": 96, "day_of_month": 124, "month_of_year": 64, "day_of_week": 64}


def split_cron(expression: str) -> dict[str, str]:
    """The five fields by Celery's names. Raises ConfigurationError where there are not five."""
    parts = expression.split()
    if len(parts) != len(FIELDS):
        raise ConfigurationError(
            gettext("%(text)s has %(n)s fields; write five: minute, hour, day of month, month, day of week.")
            % {"text": repr(expression), "n": len(parts)},
            "cron_expression",
        )
    return dict(zip(FIELDS, parts, strict=True))


def check_timezone(name: str) -> ZoneInfo:
    """Raises ConfigurationError for a zone that does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(
            gettext("%(text)s is not a time zone; write one such as Asia/Shanghai.") % {"text": repr(name)}, "timezone"
        ) from error


def check_cron(expression: str, timezone: str) -> None:
    """Raises ConfigurationError for what Celery cannot read, or what never fires."""
    for name, value in split_cron(expression).items():
        if len(value) > COLUMN_WIDTHS[name]:
            raise ConfigurationError(
                gettext("The field %(name)s of the cron expression is too long.") % {"name": name}, "cron_expression"
            )
        if not _FIELD.fullmatch(value):
            raise ConfigurationError(
                gettext("The field %(name)s of the cron expression cannot be %(text)s.")
                % {"name": name, "text": repr(value)},
                "cron_expression",
            )
        if name == "day_of_week" and _has_seven(value):
            raise ConfigurationError(
                gettext(
                    "The day of the week cannot be %(text)s: Sunday is 0 or sun, not 7; "
                    "from Friday to Sunday is written 5-6,0."
                )
                % {"text": repr(value)},
                "cron_expression",
            )
    next_fire(expression, timezone, datetime.now(UTC))


def _has_seven(days: str) -> bool:
    """Celery counts from 0 to 6. Reading 7 as Sunday would show another expression than was written."""
    return any("7" in part.partition("/")[0].split("-") for part in days.split(","))


class _Crontab(TzAwareCrontab):  # type: ignore[misc]
    """Thousands of crontabs share few fields."""

    _expand_cronspec = staticmethod(lru_cache(maxsize=10_000)(TzAwareCrontab._expand_cronspec))


class _Clock:
    """A crontab and its last answer: asked at the first moment of the pair, it gave the second."""

    def __init__(self, expression: str, timezone: str) -> None:
        self.expression = expression
        self.last_answer = (_NEVER, _NEVER)
        zone = check_timezone(timezone)
        try:
            # Celery's positional order puts the day of the week third.
            self._crontab = _Crontab(**split_cron(expression), tz=zone)
        except (ValueError, ParseException) as error:
            message = gettext("The cron expression %(text)s cannot be read: %(why)s.") % {
                "text": repr(expression),
                "why": str(error).rstrip("."),
            }
            raise ConfigurationError(message, "cron_expression") from error

    @property
    def times(self) -> set[tuple[int, int]]:
        """The hours and minutes of a day."""
        return {(hour, minute) for hour in self._crontab.hour for minute in self._crontab.minute}

    def step(self, after: datetime) -> datetime:
        moment = after.astimezone(self._crontab.tz)
        while True:
            try:
                start, delta, _ = self._crontab.remaining_delta(moment)
                fire: datetime = (start + delta).astimezone(UTC)
            except (RuntimeError, ValueError, OverflowError) as error:
                message = gettext("The cron expression %(text)s never fires.") % {"text": repr(self.expression)}
                raise ConfigurationError(message, "cron_expression") from error
            # From within a repeated hour Celery steps to the first occurrence of it, which is past.
            if fire > after:
                return fire
            moment = fire.astimezone(self._crontab.tz)


_clock = lru_cache(maxsize=10_000)(_Clock)


def next_fire(expression: str, timezone: str, after: datetime) -> datetime:
    """When Celery fires next, strictly after a moment; UTC.

    Celery steps from wall time to wall time: an hour that daylight saving repeats is fired once, one that it
    leaves out an hour later. Raises ConfigurationError for an expression that never fires.
    """
    clock = _clock(expression, timezone)
    asked, answer = clock.last_answer
    if not asked <= after < answer:
        answer = clock.step(after)
        clock.last_answer = (after, answer)
    return answer


def last_fire(expression: str, timezone: str, until: datetime) -> datetime | None:
    """The latest moment, not after `until`, at which Celery would have fired; UTC. None within ten years."""
    return _last_fire(expression, timezone, until.replace(second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _last_fire(expression: str, timezone: str, until: datetime) -> datetime | None:
    reach = _MINUTE
    while (found := next_fire(expression, timezone, until - reach)) > until:
        if reach > _TEN_YEARS:
            return None
        reach *= 4
    too_late = until + _MINUTE
    while too_late - found > _MINUTE:
        middle = found + (too_late - found) / 2
        later = next_fire(expression, timezone, middle)
        if later <= until:
            found = later
        else:
            too_late = middle
    later = next_fire(expression, timezone, found)
    return later if later <= until else found


def cron_sentence(expression: str, timezone: str) -> str:
    """The expression in words of the active language, such as `At 18:00, Monday through Friday (Asia/Shanghai)`."""
    options = Options()
    options.use_24hour_time_format = True
    options.locale_code = _LOCALES.get(get_language() or "", "en_US")
    try:
        text = ExpressionDescriptor(expression, options).get_description()
    except (FormatException, ValueError, IndexError, KeyError):
        text = expression
    return f"{text} ({timezone})"


def times_of_day(expression: str, timezone: str) -> set[tuple[int, int]]:
    """The hours and minutes at which it fires, on the days on which it does."""
    return _clock(expression, timezone).times


def cron_warning(expression: str) -> str:
    """What surprises people who know other crons; empty where nothing does."""
    fields = split_cron(expression)
    if fields["day_of_month"] == "*" or fields["day_of_week"] == "*":
        return ""
    return gettext("Both day fields are set: this runs only on days that match both, where other crons take either.")
