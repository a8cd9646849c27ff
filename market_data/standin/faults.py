"""What goes wrong, at which call, and how it looks."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from market_data.standin.market.tables import Frame

HTTP_FAULTS = {"http_429": 429, "http_500": 500, "http_502": 502}
SPREAD_FAULTS = (*HTTP_FAULTS, "reset", "html", "broken_json", "null_data", "empty_frame")
DUPLICATES = 10


def draw_fault(rates: Mapping[str, float], seed: int, number: int) -> str:
    """The fault of the call with this number, or an empty text; the same for the same rates and seed."""
    # Hashing the pair keeps every call's draw the same whatever order the threads come in.
    drawn = random.Random(f"{seed}/{number}").random()
    for name, rate in sorted(rates.items()):
        if drawn < rate:
            return name
        drawn -= rate
    return ""


def _empty_frame(frame: Frame) -> Frame:
    return Frame(frame.fields, [[] for _ in frame.fields])


def _no_columns(frame: Frame) -> Frame:
    return Frame([], [])


def _wrong_columns(frame: Frame) -> Frame:
    return replace(frame, fields=[*frame.fields[:-1], f"{frame.fields[-1]}_x"])


def _negative_price(frame: Frame) -> Frame:
    if "close" not in frame.fields or not frame.size:
        return frame
    cells = list(frame.cells)
    place = frame.fields.index("close")
    cells[place] = [f"-{cells[place][0]}", *cells[place][1:]]
    return replace(frame, cells=cells)


def _duplicate_rows(frame: Frame) -> Frame:
    return replace(frame, cells=[column + column[:DUPLICATES] for column in frame.cells])


FRAME_FAULTS: dict[str, Callable[[Frame], Frame]] = {
    "empty_frame": _empty_frame,
    "no_columns": _no_columns,
    "wrong_columns": _wrong_columns,
    "negative_price": _negative_price,
    "duplicate_rows": _duplicate_rows,
}
FAULTS = (*HTTP_FAULTS, "reset", "timeout", "html", "broken_json", "null_data", *FRAME_FAULTS)
