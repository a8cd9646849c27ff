"""Days, moments, numbers and datasets in the reader's language."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from market_data.datasets import DATASETS
from market_data.engine.ledger import clock


def title_of(dataset: str) -> str:
    """A dataset's title."""
    return gettext(DATASETS[dataset].title) if dataset in DATASETS else dataset


def day_words(day: date) -> str:
    """A day, such as `Wed 25 Nov`, with its year where that is not this one."""
    # Translators: a day of this year, in the letters of Django's date format.
    this_year = gettext("D j M")
    # Translators: a day of another year, in the letters of Django's date format.
    return date_format(day, this_year if day.year == shown_today().year else gettext("D j M Y"))


def moment_words(moment: datetime) -> str:
    """A moment in the market's zone: the time alone today, else with its day."""
    local = moment.astimezone(clock.SHANGHAI)
    return f"{local:%H:%M}" if local.date() == shown_today() else f"{day_words(local.date())} {local:%H:%M}"


def length_words(seconds: float) -> str:
    """A length of time in its largest unit, such as `about 3 min`."""
    if seconds < 90:
        return gettext("%(count)s s") % {"count": max(1, round(seconds))}
    if seconds < 5400:
        return gettext("%(count)s min") % {"count": round(seconds / 60)}
    if seconds < 172_800:
        return gettext("%(count)s h") % {"count": f"{seconds / 3600:.1f}"}
    days = round(seconds / 86400)
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


def number(value: int) -> str:
    """A number with its thousands apart."""
    return f"{value:,}"


def span_words(start: date, end: date) -> str:
    """Days from one to another, or the one."""
    if start == end:
        return day_words(start)
    return gettext("%(start)s to %(end)s") % {"start": day_words(start), "end": day_words(end)}


def shown_today() -> date:
    """Today by this machine's clock: good enough for words, and no question to the database."""
    return timezone.now().astimezone(clock.SHANGHAI).date()
