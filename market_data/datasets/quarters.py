"""The periods that companies report on, and until when they have to."""

from datetime import date

ENDS = ((3, 31), (6, 30), (9, 30), (12, 31))


def quarter_ends(start: date, end: date) -> list[date]:
    """The last days of quarters from `start` to `end`, ascending."""
    days = (date(year, *day) for year in range(start.year, end.year + 1) for day in ENDS)
    return [day for day in days if start <= day <= end]


def deadline(quarter_end: date) -> date:
    """Until when the report must be out: a month after the first and third quarter, two after the half, four after
    the year (Rules on information disclosure of listed companies, China Securities Regulatory Commission)."""
    year = quarter_end.year
    return {
        3: date(year, 4, 30),
        6: date(year, 8, 31),
        9: date(year, 10, 31),
        12: date(year + 1, 4, 30),
    }[quarter_end.month]
