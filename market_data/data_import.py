"""Rows out of people's own files: checked like a provider's answer, stored with their origin, known to the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction

from market_data.data_files import DataFile, Piece, Units, check_paths, open_file
from market_data.datasets import Dataset, Parts, Rhythm
from market_data.engine import cells, clock, coverage, origin
from market_data.engine.checks import Checked, Window, check
from market_data.engine.memory import give_memory_back
from market_data.engine.writer import differing_keys, upsert
from market_data.exceptions import BadFile, BadPayload
from market_data.models import DailyBar, Security
from market_data.providers.base import Answer

IMPORT = "import"
SHOWN = 5
SYMBOL = r"^[0-9A-Za-z]+\.[A-Z]{2,4}$"


@dataclass
class Imported:
    """What came of the files. `complaints` are sentences: bad files, and the first rows that were not stored.

    `different` rows are stored already with other values, which stay; `refused` rows no market can have produced.
    """

    dataset: str
    files: int = 0
    rows: int = 0
    inserted: int = 0
    unchanged: int = 0
    different: int = 0
    refused: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not self.complaints

    def as_json(self) -> dict[str, Any]:
        counts = ("files", "rows", "inserted", "unchanged", "different", "refused")
        return {"dataset": self.dataset, **{name: getattr(self, name) for name in counts}}


def import_files(dataset: Dataset, paths: Sequence[Path], units: Units | None = None) -> Imported:
    """Store the rows of the files that are not stored yet; what is stored stays as it is.

    Each piece of a file is a transaction: a file that turns out bad has left the rows before it, and importing it
    again goes on from there. Raises UsageError for a file that is none, Permanent where the database holds made-up
    data.
    """
    check_paths(paths)
    give_memory_back()
    done = Imported(dataset.name)
    importer = _Importer(dataset, done)
    for path in paths:
        try:
            importer.take(open_file(path, dataset, units))
            done.files += 1
        except BadFile as error:
            done.complaints.append(str(error))
    importer.bring_ledger_up_to_date()
    return done


class _Importer:
    """Stores pieces of files one after the other."""

    def __init__(self, dataset: Dataset, done: Imported) -> None:
        self.dataset = dataset
        self.done = done
        self._listed = frozenset(Security.objects.filter(inferred=False).values_list("symbol", flat=True))
        self._days: list[date] = []

    def take(self, file: DataFile) -> None:
        """Raises BadFile, having stored the pieces before the bad one."""
        for piece in file.pieces():
            checked = _checked(file, piece)
            self.done.rows += piece.answer.rows
            self.done.refused += len(checked.refused)
            for row in checked.refused[: self._room()]:
                self.done.complaints.append(f"{file.path.name}: no market can have produced {_words(row)}.")
            if checked.table.num_rows:
                self._store(file, checked.table)

    def bring_ledger_up_to_date(self) -> None:
        if self.dataset.parts != Parts.WHOLE and self._days:
            coverage.ensure(self.dataset, min(self._days), max(self._days))
            coverage.refresh(self.dataset)

    def _store(self, file: DataFile, table: pa.Table) -> None:
        with transaction.atomic():
            origin.claim(made_up=False)
            span = self.dataset.expectation_span(table) if self.dataset.expectation_span else None
            _forget_inferred(self.dataset, table)
            counts = upsert(self.dataset, table, clock.now(), IMPORT, overwrite=False)
            if span and counts.inserted:
                coverage.mark_expectations(*span)
            if self.dataset.parts != Parts.WHOLE:
                self._note_days(table)
            keys = differing_keys(self.dataset, self._room()) if counts.different else []
        self.done.inserted += counts.inserted
        self.done.unchanged += counts.unchanged
        self.done.different += counts.different
        for key in keys:
            name = " ".join(map(str, key))
            self.done.complaints.append(f"{file.path.name}: {name} is stored with other values, which stay.")

    def _note_days(self, table: pa.Table) -> None:
        """Have the days of these rows counted again. Their rows are there, whether or not a whole day came."""
        edges = pc.min_max(table[self.dataset.date_column]).as_py()
        start, end = edges["min"], edges["max"]
        if self.dataset.parts == Parts.CELLS:
            cells.forget_stored(self.dataset, table, start, end)
        # Only bars tell when a stock that is in no list was traded; price limits name funds too.
        is_bar = self.dataset.model is DailyBar
        unlisted = is_bar and not self._listed.issuperset(table["symbol"].unique().to_pylist())
        coverage.mark([self.dataset.name], start, end, unlisted=unlisted)
        self._days += [start, end]

    def _room(self) -> int:
        """How many more rows are named; the others are only counted."""
        return max(0, SHOWN - len(self.done.complaints))


def _checked(file: DataFile, piece: Piece) -> Checked:
    """The piece as a table. Raises BadFile that names the first row which cannot be taken."""
    try:
        checked = check(file.dataset, piece.answer, Window())
    except BadPayload as error:
        at = _first_bad(file.dataset, piece)
        reason = str(error).removeprefix(f"{file.dataset.name}: ").replace("the answer", "the file")
        raise BadFile(f"{file.path.name}, row {piece.first_row + at}: {reason}") from error
    _check_symbols(file, piece)
    _check_days(file, piece)
    return checked


def _first_bad(dataset: Dataset, piece: Piece) -> int:
    """The place of the first row with which the rows up to it are refused."""
    good, bad = 0, piece.answer.rows
    while bad - good > 1:
        middle = (good + bad) // 2
        columns = {name: values[:middle] for name, values in piece.answer.columns.items()}
        try:
            check(dataset, Answer(columns, middle), Window())
            good = middle
        except BadPayload:
            bad = middle
    return bad - 1


def _check_symbols(file: DataFile, piece: Piece) -> None:
    """Raises BadFile for codes that Tushare writes otherwise, such as 600000 or sh600000."""
    if file.dataset.provider != "tushare" or "symbol" not in file.dataset.key:
        return
    values = piece.answer.columns[file.dataset.source_of("symbol")]
    at = pc.index(pc.match_substring_regex(pa.array(values, pa.string()), SYMBOL), value=False).as_py()
    if at >= 0:
        raise BadFile(
            f"{file.path.name}, row {piece.first_row + at}: {values[at]!r} is not a symbol such as 600000.SH."
        )


def _check_days(file: DataFile, piece: Piece) -> None:
    """Raises BadFile for a session that has not come yet. A report may be announced before its period ends."""
    if file.dataset.parts == Parts.WHOLE or file.dataset.rhythm != Rhythm.SESSIONS:
        return
    values = piece.answer.columns[file.dataset.source_of(file.dataset.date_column)]
    late = pc.greater(pa.array(values, pa.string()), f"{clock.today():%Y%m%d}")
    at = pc.index(late, value=True).as_py()
    if at >= 0:
        raise BadFile(f"{file.path.name}, row {piece.first_row + at}: {values[at]} has not come yet.")


def _forget_inferred(dataset: Dataset, table: pa.Table) -> None:
    """What was only inferred gives way to what a file says."""
    for name, value in dataset.constants.items():
        inferred = dataset.model._default_manager.exclude(**{name: value})
        known = set(inferred.values_list("symbol", flat=True)).intersection(table["symbol"].to_pylist())
        inferred.filter(symbol__in=known).delete()


def _words(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items())
