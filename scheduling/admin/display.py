"""How values look."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from scheduling.context import Status


def json_text(value: Any) -> str:
    """A JSON value over several lines; what no page can carry, halves of characters, stays escaped."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode(errors="backslashreplace").decode()


def pretty_json(value: Any) -> SafeString:
    return format_html('<pre class="r-log">{}</pre>', json_text(value))


def link(text: Any, view: str, *arguments: Any, query: dict[str, str] | None = None) -> SafeString:
    """A link to an admin page by its name."""
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{view}", args=arguments, query=query), text)


def warning(text: Any) -> SafeString:
    """Red words."""
    return format_html('<strong class="r-error">{}</strong>', text)


def status_text(status: str) -> str:
    """An execution's status; in red where a person should look."""
    return warning(status) if status in (Status.FAILED, Status.LOST) else status


def clock_time(moment: datetime) -> str:
    """A moment to the second, in the time zone of the site."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"


def duration(milliseconds: int | None) -> str:
    """A length of time, such as `1.25 s` or `1:02:03`; a dash for None."""
    if milliseconds is None:
        return "-"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:g} s"
    return str(timedelta(seconds=round(milliseconds / 1000)))
