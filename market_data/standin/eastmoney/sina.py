"""Sina's trading calendar: days packed into bits, written with 64 characters, as AkShare's decoder reads them."""

import string
from collections.abc import Iterable
from datetime import date, timedelta

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
FORMAT, SUM = 139, 63
FIRST_DAY = date(1990, 12, 19)
RUN_BITS = 12


def calendar_script(sessions: Iterable[date]) -> str:
    """The script that holds these trading days, which must be weekdays, ascending, at least one."""
    return f'var datelist="{_packed(list(sessions))}";var KLC_TD_SH=datelist;'


def _packed(sessions: list[date]) -> str:
    first, last = ((day - FIRST_DAY).days for day in (sessions[0], sessions[-1]))
    bits = [*_number(FORMAT, 12), *_number(SUM, 6), *_number(first, 18), *_number(last, 18)]
    for place, run in enumerate(_runs(sessions)):
        # The first run says that each length takes so many threes of bits: that many ones and a zero.
        bits += [1, 1, *[1] * (RUN_BITS // 3 - 1), 0] if not place else [0]
        bits += _number(run, RUN_BITS)
    bits += [0] * (-len(bits) % 6)
    sixes = (bits[at : at + 6] for at in range(0, len(bits), 6))
    return "".join(ALPHABET[sum(bit << n for n, bit in enumerate(six))] for six in sixes)


def _number(value: int, width: int) -> list[int]:
    return [value >> n & 1 for n in range(width)]


def _runs(sessions: list[date]) -> list[int]:
    """The lengths of the runs of open weekdays, each ended by one weekday that is closed."""
    is_open, runs, day = set(sessions), [0], sessions[0]
    while day <= sessions[-1]:
        if day in is_open:
            runs[-1] += 1
        elif day.weekday() < 5:
            runs.append(0)
        day += timedelta(days=1)
    return runs
