"""States as shapes: who cannot tell the colours apart reads the forms."""

from collections import defaultdict
from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from market_data.admin.words import day_words
from market_data.queries.freshness import Day

WORDS = {
    "complete": _("complete"),
    "late": _("late"),
    "partial": _("partial"),
    "missing": _("missing"),
    "absent": _("absent"),
    "suspect": _("suspect"),
    "failed": _("failed"),
    "not_due": _("not due"),
    "never": _("never synced"),
}
WIDTH, HEIGHT, STEP = 5, 14, 6
_BOX = "M{x},1h5v12h-5z"
_FRAME = "M{x}.5,1.5h4v11h-4z"
# What is filled and what is drawn with a line, by state; `x` is the left edge of a place 5 wide and 14 high.
_FILLED = {"complete": _BOX, "partial": "M{x},7h5v6h-5z", "late": "M{x},7h5v6h-5z", "not_due": "M{x},6h2v2h-2z"}
_DRAWN = {
    "partial": _FRAME,
    "late": _FRAME,
    "missing": _FRAME,
    "never": "M{x},7h5",
    "absent": "M{x},13l5,-12",
    "failed": "M{x},2l5,10m0,-10l-5,10",
    "suspect": "M{x},4a2.5,2.5 0 1 1 3.5,2.2q-1,.6 -1,2.4m0,2.4v1.2",
}


def shape(state: str) -> SafeString:
    """One place, for beside a word."""
    return format_html(
        '<svg width="10" height="14" viewBox="-1 0 8 14" aria-hidden="true" class="r-is-{}">{}</svg>',
        state,
        _paths(state, [0]),
    )


def state_words(state: str) -> SafeString:
    """A state as shape and word."""
    return format_html('<span class="r-state r-is-{}">{} {}</span>', state, shape(state), WORDS.get(state, state))


def strip(days: Sequence[Day]) -> SafeString:
    """A row of places, oldest first."""
    if not days:
        return SafeString("")
    places: defaultdict[str, list[int]] = defaultdict(list)
    for at, day in enumerate(days):
        places[day.state].append(at * STEP)
    drawn = format_html_join("", '<g class="r-is-{}">{}</g>', [(s, _paths(s, xs)) for s, xs in places.items()])
    return format_html(
        '<svg class="r-strip" viewBox="0 0 {} {}" preserveAspectRatio="xMaxYMid" role="img" aria-label="{}">{}</svg>',
        len(days) * STEP,
        HEIGHT,
        _told(days),
        drawn,
    )


def _paths(state: str, xs: Sequence[int]) -> SafeString:
    parts = []
    if state in _FILLED:
        parts.append(("currentColor", "none", "".join(_FILLED[state].format(x=x) for x in xs)))
    if state in _DRAWN:
        parts.append(("none", "currentColor", "".join(_DRAWN[state].format(x=x) for x in xs)))
    return format_html_join("", '<path fill="{}" stroke="{}" d="{}"/>', parts)


def _told(days: Sequence[Day]) -> str:
    """The strip for who hears it: what is not complete, newest last."""
    span = f"{day_words(days[0].day)} – {day_words(days[-1].day)}"
    counts: dict[str, int] = {}
    for day in days:
        counts[day.state] = counts.get(day.state, 0) + 1
    return f"{span}: " + ", ".join(f"{count} {WORDS.get(state, state)}" for state, count in counts.items())
