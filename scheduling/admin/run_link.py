"""The message that leads to a run which was asked for."""

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from scheduling.admin.display import link


def run_message(what: Any, run_id: Any) -> SafeString:
    """Such as `Daily bars: the run 1f… is queued.`, with a link to the run."""
    run = link(gettext("run %(id)s") % {"id": run_id}, "scheduling_execution_change", run_id)
    return format_html(gettext("{}: the {} is queued."), what, run)
