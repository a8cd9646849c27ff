"""Rows out of people's own files: checked like a provider's answer, stored with their origin, known to the ledger."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from market_data.datasets import Dataset
from market_data.engine.storing.checks import Checked, Refused, Window, check
from market_data.engine.storing.writer import Payload
from market_data.exceptions import BadFile, BadPayload, UsageError
from market_data.files import codes, opening, reading
from market_data.files.alike import Small, in_groups, read_as_one
from market_data.files.data_files import DataFile, Piece, RefusedRow
from market_data.files.keeping import Keeper
from market_data.files.layouts import Units
from market_data.files.opening import Opener, check_paths
from market_data.files.together import Pieces, Together, ahead, joined
from market_data.memory import give_memory_back, keep_few_heaps

SHOWN = 5
SAMPLE_ROWS = 10
Step = Callable[[], object]


@dataclass(frozen=True)
class Reading:
    """How people want their files to be read. `symbol` is whose the bars are; `force` takes what is doubted."""

    units: Units | None = None
    symbol: str | None = None
    force: bool = False


@dataclass
class Imported:
    """What came of the files. `complaints` are sentences: bad files, and the first rows that were not stored.

    `different` rows are stored already with other values, which stay; `refused` rows no market can have produced.
    """

    dataset: str
    files: int = 0
    rows: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    different: int = 0
    refused: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not self.complaints

    @property
    def room(self) -> int:
        """How many more rows are named; the others are only counted."""
        return max(0, SHOWN - len(self.complaints))

    def as_json(self) -> dict[str, Any]:
        counts = ("files", "rows", "inserted", "updated", "unchanged", "different", "refused")
        return {"dataset": self.dataset, **{name: getattr(self, name) for name in counts}}


def import_files(
    dataset: Dataset,
    paths: Sequence[Path],
    wishes: Reading = Reading(),
    watch: Callable[[int], object] = lambda rows: None,
    say: Callable[[str], object] = lambda sentence: None,
) -> Imported:
    """Store the rows of the files that are not stored yet; what is stored stays as it is.

    `watch` hears how many rows were done, piece by piece; `say` how each kind of file is read, before any of it is
    stored. Each piece is a transaction: a file that turns out bad has left the rows before it, and importing it again
    goes on from there. Raises UsageError for a file that is none, Permanent where the database holds made-up data.
    """
    wishes = _understood(dataset, paths, wishes)
    keep_few_heaps()
    done = Imported(dataset.name)
    keeper, opener = Keeper(dataset), Opener(dataset, wishes.units, wishes.symbol)
    reader = _Reader(opener, keeper, done, watch, say, force=wishes.force)
    for step in ahead(reader.steps(paths)):
        step()
        give_memory_back()
    keeper.bring_ledger_up_to_date()
    return done


@dataclass
class _Reader:
    """Reads and checks files, which needs no database, and gives the steps that are to be done in their order."""

    opener: Opener
    keeper: Keeper
    done: Imported
    watch: Callable[[int], object]
    say: Callable[[str], object]
    force: bool
    together: Together = field(default_factory=Together)
    said: set[str] = field(default_factory=set)

    def steps(self, paths: Sequence[Path]) -> Iterator[Step]:
        try:
            for found in in_groups(paths):
                yield from self._of_file(found) if isinstance(found, Path) else self._of_group(found)
        except KeyboardInterrupt:
            yield from self._stored(self.together.rest())
            raise
        yield from self._stored(self.together.rest())

    def _of_group(self, group: Sequence[Small]) -> Iterator[Step]:
        read = None
        with suppress(BadFile):
            read = read_as_one(self.opener, group, force=self.force)
        if read is None:
            for small in group:
                yield from self._of_file(small.path)
            return
        file, piece = read
        yield from self._introduced(file)
        yield from self._stored(self.together.add(file, piece))
        self.done.files += len(group)

    def _introduced(self, file: DataFile) -> Iterator[Step]:
        if (sentence := opening.in_words(file)) not in self.said:
            self.said.add(sentence)
            yield partial(self.say, f"{file.path.name}: {sentence}.")

    def _of_file(self, path: Path) -> Iterator[Step]:
        try:
            file = self.opener.open(path)
            yield from self._introduced(file)
            for piece in _believed(file, force=self.force):
                yield from self._stored(self.together.add(file, piece))
            self.done.files += 1
        except BadFile as error:
            yield partial(self.done.complaints.append, str(error))

    def _stored(self, pieces: Pieces) -> Iterator[Step]:
        """Check pieces of one form, to be stored. Where too many rows of several are wrong, each stands for itself."""
        if not pieces:
            return
        whole = joined([piece for _, piece in pieces])
        try:
            checked = check(pieces[0][0].dataset, whole.answer, Window())
        except BadPayload as error:
            if len(pieces) > 1:
                for part in pieces:
                    yield from self._stored([part])
                return
            if whole.parts:
                self.done.files -= len(whole.parts)
                for path, _ in whole.parts:
                    yield from self._of_file(path)
                return
            yield partial(self._refuse, pieces[0][0].path, whole, error)
            return
        yield partial(self._store, pieces, whole, checked, self.keeper.payload_of(checked.table))

    def _refuse(self, path: Path, piece: Piece, error: BadPayload) -> None:
        self.done.rows += piece.rows
        self.done.refused += piece.rows
        self.done.complaints.append(f"{path.name}: {_reason(self.keeper.dataset, error)}")

    def _store(self, pieces: Pieces, whole: Piece, checked: Checked, payload: Payload) -> None:
        done, file = self.done, pieces[0][0]
        done.rows += whole.rows
        done.refused += len(checked.refused) + len(whole.refused)
        done.complaints += islice(_named(pieces, checked.refused), done.room)
        kept = self.keeper.keep(checked.table, payload, file.lacking, done.room)
        done.inserted += kept.inserted
        done.unchanged += whole.answer.rows - len(checked.refused) - kept.inserted - kept.different
        done.different += kept.different
        last = pieces[-1][1].parts[-1][0] if pieces[-1][1].parts else pieces[-1][0].path
        names = " to ".join(dict.fromkeys((file.path.name, last.name)))
        for key in kept.keys:
            done.complaints.append(f"{names}: {' '.join(map(str, key))} is stored with other values, which stay.")
        self.watch(whole.rows)


def look_at_files(dataset: Dataset, paths: Sequence[Path], wishes: Reading = Reading()) -> tuple[Imported, list[Any]]:
    """What would be read, and how: the mapping of each file with its first ten rows in our names and units.

    Nothing is stored. Raises UsageError for a file that is none.
    """
    wishes = _understood(dataset, paths, wishes)
    done, mappings = Imported(dataset.name), []
    opener = Opener(dataset, wishes.units, wishes.symbol)
    for path in paths:
        try:
            file = opener.open(path)
            sample: list[dict[str, Any]] = []
            for piece in _believed(file, force=wishes.force):
                done.rows += piece.rows
                refused = list(piece.refused)
                try:
                    checked = check(file.dataset, piece.answer, Window())
                except BadPayload as error:
                    raise BadFile(f"{path.name}: {_reason(dataset, error)}") from error
                done.refused += len(refused) + len(checked.refused)
                sample += checked.table.slice(0, SAMPLE_ROWS - len(sample)).to_pylist()
            mappings.append(opening.mapping(file) | {"sample": sample})
            done.files += 1
        except BadFile as error:
            done.complaints.append(str(error))
    return done, mappings


def _understood(dataset: Dataset, paths: Sequence[Path], wishes: Reading) -> Reading:
    """The wishes with the symbol in our form. Raises UsageError."""
    check_paths(paths)
    if wishes.symbol is None:
        return wishes
    if "symbol" not in dataset.key:
        raise UsageError(f"{dataset.name} is not of symbols: leave --symbol out.")
    symbol = codes.to_ours(wishes.symbol, dataset)
    if symbol is None:
        raise UsageError(f"{wishes.symbol} is not a symbol of a stock such as 600000.SH.")
    return replace(wishes, symbol=symbol)


def _believed(file: DataFile, *, force: bool) -> Iterator[Piece]:
    """The pieces of a file that is in its units and unadjusted, as far as it tells. Raises BadFile."""
    if force or not opening.can_be_doubted(file):
        yield from file.pieces()
        return
    small = list(_until_damage(file.pieces())) if reading.is_small(file.path) else None
    doubt = opening.doubt(file, _until_damage(opening.read_twice(file)) if small is None else small)
    if doubt:
        raise BadFile(f"{file.path.name} was not taken: {doubt}. Take it as it is with --force.")
    # A small file is one piece; of none or several only reading it again tells whether it is damaged.
    yield from small if small is not None and len(small) == 1 else file.pieces()


def _until_damage(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces before the place where a file turns out damaged."""
    with suppress(BadFile):
        yield from pieces


def _named(pieces: Pieces, refused: Sequence[Refused]) -> Iterator[str]:
    """The refused rows in sentences, with the files that they are of."""
    first = 0
    for file, piece in pieces:
        start = first
        for path, count in piece.parts or ((file.path, piece.answer.rows),):
            own = [row for row in refused if first <= row.place < first + count]
            rows = [RefusedRow(int(piece.numbers[r.place - start]), r.reason, _words(r.evidence)) for r in own]
            for number, reason, words in sorted([*piece.refused, *rows]):
                yield f"{path.name}, row {number}: {reason} ({words})."
            first += count


def _reason(dataset: Dataset, error: BadPayload) -> str:
    return str(error).removeprefix(f"{dataset.name}: ").replace("the answer", "the file")


def _words(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items())
