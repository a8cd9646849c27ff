"""The map as a table that a keyboard and a screen reader can walk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from market_data.admin.words import title_of
from market_data.datasets import Rhythm
from market_data.queries.coverage_map import Place, Row, Zoom


@dataclass(frozen=True)
class Line:
    name: str
    title: str
    cells: SafeString


@dataclass(frozen=True)
class Grid:
    """Rows whose columns are the same days. `heads` are (text, how many columns it spans)."""

    title: str
    heads: tuple[tuple[str, int], ...]
    lines: tuple[Line, ...]


def grids(rows: Sequence[Row], zoom: Zoom) -> list[Grid]:
    """A grid of trading days and one of quarters, each where it has columns."""
    words = {Rhythm.SESSIONS: gettext("Trading days"), Rhythm.QUARTERS: gettext("Quarters")}
    found = []
    for rhythm, title in words.items():
        own = [row for row in rows if row.dataset.rhythm == rhythm]
        days = [place.day for place in own[0].places] if own else []
        if days:
            lines = tuple(Line(row.dataset.name, title_of(row.dataset.name), _cells(row)) for row in own)
            found.append(Grid(title, _heads(days, zoom, rhythm), lines))
    return found


def _cells(row: Row) -> SafeString:
    return format_html_join(
        "",
        '<td data-dataset="{}" data-day="{}" data-state="{}" data-n="{}"></td>',
        ((row.dataset.name, place.day, place.state, _numbers(place)) for place in row.places),
    )


def _numbers(place: Place) -> str:
    return " ".join(str(number) for number in place.numbers)


def _heads(days: Sequence[date], zoom: Zoom, rhythm: Rhythm) -> tuple[tuple[str, int], ...]:
    """Months above days, years above months and quarters."""
    form = gettext("M Y") if zoom == Zoom.DAYS and rhythm == Rhythm.SESSIONS else "Y"
    heads: list[list[object]] = []
    for day in days:
        text = date_format(day, form)
        if heads and heads[-1][0] == text:
            heads[-1][1] = int(str(heads[-1][1])) + 1
        else:
            heads.append([text, 1])
    return tuple((str(text), int(str(span))) for text, span in heads)
