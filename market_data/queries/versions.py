"""Versions of stored rows: while one stays, what was read at it is true."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction
from django.db.models import Sum

from market_data.models import DataChange

MODULUS = 1 << 40


@dataclass(frozen=True)
class Part:
    """A year of a table; of a year that is not over (`month` > 0) a month. Year 0 holds rows without a day."""

    year: int
    month: int = 0

    @property
    def start(self) -> date:
        return date(self.year, self.month or 1, 1)

    @property
    def end(self) -> date:
        """The first day behind it."""
        if self.month in (0, 12):
            return date(self.year + 1, 1, 1)
        return date(self.year, self.month + 1, 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}" if self.month else f"{self.year:04}"


@dataclass(frozen=True)
class Versions:
    """What one look at the database saw of a table: the sum of the tokens of each part."""

    sums: "dict[Part, int]"

    def of(self, part: Part) -> int:
        """The version of a year or a month; 0 where nothing was ever stored. Changes of a whole year count for each of
        its months."""
        counted = [
            token
            for noted, token in self.sums.items()
            if noted.year == part.year and (not part.month or noted.month in (0, part.month))
        ]
        return sum(counted) % MODULUS

    def within(self, start: date | None, end: date | None) -> str:
        """One text for the years of a window; empty where nothing was ever stored in them."""
        first, last = start.year if start else 0, end.year if end else 9999
        years = {part.year for part in self.sums if first <= part.year <= last or not part.year}
        return " ".join(f"{year}:{self.of(Part(year)):x}" for year in sorted(years))

    @property
    def years(self) -> list[int]:
        return sorted({part.year for part in self.sums if part.year})


def versions_of(tables: Iterable[str]) -> dict[str, Versions]:
    """What is noted of these tables, all seen at the same moment; the caller's own changes count."""
    sums: dict[str, dict[Part, int]] = {table: {} for table in tables}
    noted = DataChange.objects.filter(table__in=sums).values_list("table", "year", "month").annotate(Sum("token"))
    for table, year, month, total in noted:
        sums[table][Part(year, month)] = int(total) % MODULUS
    return {table: Versions(found) for table, found in sums.items()}


def compact() -> None:
    """Put the notes of each part together in one; versions stay what they are."""
    if connection.vendor != "postgresql":
        return  # there is one of each part already
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            'WITH gone AS (DELETE FROM data_changes RETURNING "table", year, month, token) '
            'INSERT INTO data_changes ("table", year, month, token) '
            f'SELECT "table", year, month, sum(token) % {MODULUS} FROM gone GROUP BY "table", year, month'
        )


def note_years(table: str, first: int, last: int) -> None:
    """Give each of these years, of which nothing was noted yet, a version."""
    DataChange.objects.bulk_create(
        [
            DataChange(table=table, year=year, month=0, token=secrets.randbelow(MODULUS - 1) + 1)
            for year in range(first, last + 1)
        ]
    )
