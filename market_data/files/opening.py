"""Which layout a file has, and what stands in the way of taking it: said before anything is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from market_data.datasets import Dataset
from market_data.engine.ledger import clock
from market_data.exceptions import BadFile, UsageError
from market_data.files import codes, days
from market_data.files.data_files import DataFile, Piece
from market_data.files.formats import PARQUET, TEXTS, Form, columns_in_words, form_of, plain_name
from market_data.files.layouts import Layout, Units, known_names, layouts_of
from market_data.files.turnover import COLUMNS, Turnover

ASSUMED: dict[str, dict[str, str | None]] = {"stock_basic": {"list_status": "L", "delist_date": None}}
"""What columns say that Tushare hides unless they are named: it lists the stocks that are traded."""
_ADJUSTED = {"前复权": "qfq", "后复权": "hfq"}


@dataclass(frozen=True)
class Choice:
    """One way to read files with these `columns`, and which they lack for that."""

    name: str
    layout: Layout
    dataset: Dataset
    lacking: list[str]
    columns: frozenset[str]

    @property
    def there(self) -> int:
        """How many of the layout's columns the files have."""
        return sum(source in self.columns for source in self.dataset.sources)

    @property
    def has_symbols(self) -> bool:
        return "symbol" not in self.dataset.key or self.dataset.source_of("symbol") in self.columns

    @property
    def assumed(self) -> dict[str, str | None]:
        known = ASSUMED.get(self.dataset.name, {})
        sources = {self.dataset.source_of(name): text for name, text in known.items()}
        return {source: text for source, text in sources.items() if source not in self.columns}


def check_paths(paths: Iterable[Path]) -> None:
    """Raises UsageError for a path at which there is no file, or one whose name does not tell its format."""
    for path in paths:
        if not path.is_file():
            raise UsageError(f"There is no file {path}.")
        if not path.name.lower().endswith((*TEXTS, *PARQUET)):
            raise UsageError(f"{path.name} should end in .csv, .csv.gz or .parquet; .txt and .tsv are taken too.")


class Opener:
    """Opens files of one dataset, read as their headers tell, or in these units. `symbol` is whose they are.

    A header is looked at once, however many files have it.
    """

    def __init__(self, dataset: Dataset, units: Units | None = None, symbol: str | None = None) -> None:
        self.dataset = dataset
        self._units = units
        self._symbol = symbol
        self._known = known_names(dataset)
        self._layouts = layouts_of(dataset)
        self._chosen: dict[tuple[tuple[str, ...], bool, bool], Choice] = {}
        self._today = f"{clock.today():%Y%m%d}"

    def open(self, path: Path) -> DataFile:
        """Raises BadFile."""
        form = form_of(path, self._known)
        whose = self.symbol_of(path, form)
        key = form.columns, bool(form.title), bool(whose)
        choice = self._chosen.get(key) or self._choose(path, form, has_symbol=bool(whose))
        self._chosen[key] = choice
        one = (self._symbol or "") if choice.has_symbols else whose
        return DataFile(path, form, choice.layout.title, choice.dataset, self._today, one, choice.assumed)

    def symbol_of(self, path: Path, form: Form) -> str:
        """Whose file it is, where no column of this form tells it."""
        return _symbol(path, form, self.dataset, self._symbol)

    def _choose(self, path: Path, form: Form, *, has_symbol: bool) -> Choice:
        found = []
        columns = {plain_name(name) for name in form.columns}
        for name, layout in self._layouts.items():
            shaped = layout.dataset_as_in(self.dataset, columns)
            if shaped is None or (layout.titled and not form.title) or (self._units and name != self._units):
                continue
            needed = _needed(shaped, has_symbol=has_symbol)
            found.append(Choice(name, layout, shaped, [s for s in needed if s not in columns], frozenset(columns)))
        return _best(path, form, found, self._units)


def _symbol(path: Path, form: Form, dataset: Dataset, symbol: str | None) -> str:
    """Whose file it is, as far as someone says it: the person, the header, the title, or the file's name."""
    if "symbol" not in dataset.key:
        return ""
    if form.ticker:
        return codes.to_ours(form.ticker, dataset) or ""
    return symbol or codes.in_text(form.title, dataset) or codes.in_text(path.name, dataset) or ""


def _needed(dataset: Dataset, *, has_symbol: bool) -> list[str]:
    """The columns that a file must have; of reports people keep the figures that they use."""
    if dataset.keeps_versions:
        needed = [f for f in dataset.fields if f.name in ("symbol", dataset.date_column)]
    else:
        needed = [f for f in dataset.fields if dataset.is_needed(f)]
    known = {*ASSUMED.get(dataset.name, {}), *(["symbol"] if has_symbol else [])}
    return [f.source for f in needed if f.name not in known]


def _best(path: Path, form: Form, choices: list[Choice], units: Units | None) -> Choice:
    """The layout of which the file has most. Raises BadFile."""
    if units and choices[0].lacking:
        raise BadFile(f"{path.name} lacks the columns {', '.join(choices[0].lacking)}.")
    fitting = [choice for choice in choices if not choice.lacking]
    if not fitting:
        raise BadFile(f"{path.name} {_complaint(form, choices)}")
    best = max(choice.there for choice in fitting)
    fitting = [choice for choice in fitting if choice.there == best]
    names = {plain_name(name) for name in form.columns}
    meanings = {tuple((f.name, f.source, f.scale) for f in c.dataset.fields if f.source in names) for c in fitting[:2]}
    if {choice.name for choice in fitting[:2]} == {"tushare", "native"} and len(meanings) > 1:
        raise BadFile(f"{path.name} has both Tushare's columns and ours: say --units tushare or --units native.")
    return fitting[0]


def _complaint(form: Form, choices: list[Choice]) -> str:
    nearest = min(choices, key=lambda choice: (len(choice.lacking), -choice.there))
    found = columns_in_words(form.columns, form.delimiter)
    if nearest.lacking == [nearest.dataset.source_of("symbol") if "symbol" in nearest.dataset.key else ""]:
        return f"{found}. None of them tells whose bars these are: say it with --symbol."
    return f"{found}. As {nearest.layout.title} layout it lacks {', '.join(nearest.lacking)}."


def doubt(file: DataFile, pieces: Iterable[Piece]) -> str:
    """Why the bars should not be stored: other units, or adjusted prices; empty where nothing speaks against them.

    `pieces` are all those of the file, with the columns low, high, volume and amount at least.
    """
    for word, form in _ADJUSTED.items():
        if word in file.form.title:
            return f"its prices are adjusted ({form}), as its title says"
    if file.form.first_row.get("adjustflag") in ("1", "2"):
        return "its prices are adjusted, as its adjustflag says"
    turnover = Turnover()
    for piece in pieces:
        turnover.add(_in_our_units(file, piece))
    return turnover.doubt()


def depends_on_its_header_alone(file: DataFile) -> bool:
    """Whether another file with the same header is to be read alike, whatever its rows and its title."""
    form = file.form
    told_apart = form.title or form.ticker or form.above != 1 or "adjustflag" in form.columns
    in_bytes = form.encoding in ("utf-8", "utf-8-sig", "gb18030")
    return bool(form.first_row) and in_bytes and not told_apart and not file.dataset.keeps_versions


def is_beyond_doubt(file: DataFile, piece: Piece) -> bool:
    """Whether each bar alone speaks for the units of this file and for unadjusted prices."""
    turnover = Turnover()
    turnover.add(_in_our_units(file, piece))
    return turnover.outside == 0


def can_be_doubted(file: DataFile) -> bool:
    """Whether the file has what tells wrong units and adjusted prices."""
    sources = {f.name: f.source for f in file.dataset.fields}
    there = {plain_name(name) for name in file.form.columns}
    return all(name in sources and sources[name] in there for name in COLUMNS) and file.dataset.provider != "yfinance"


def read_twice(file: DataFile) -> Iterable[Piece]:
    """The pieces of a large file, with no more than what the doubt is about."""
    return file.narrowed(COLUMNS).pieces()


def _in_our_units(file: DataFile, piece: Piece) -> dict[str, Any]:
    fields = {f.name: f for f in file.dataset.fields if f.name in COLUMNS}
    return {name: (piece.answer.columns[f.source], f.scale) for name, f in fields.items()}


def mapping(file: DataFile) -> dict[str, Any]:
    """What was found out about a file, for people and programs."""
    there = {plain_name(name) for name in file.form.columns}
    columns = {f.name: f.source for f in file.dataset.fields if f.source in there}
    units = {f.name: f.scale for f in file.dataset.fields if f.source in there and f.kind == "number" and f.scale != 1}
    date = columns.get(file.dataset.date_column, "")
    text = file.form.first_row.get(date, "")
    found = {
        "file": file.path.name,
        "layout": file.layout,
        "form": file.form.words,
        "columns": columns,
        "scales": units,
    }
    return found | {"days": days.form_of(text) if text else "", "symbol": file.symbol, "left_out": _left_out(file)}


def _left_out(file: DataFile) -> list[str]:
    """The file's columns that are not read."""
    used = set(file.dataset.sources)
    return [name for name in map(plain_name, file.form.columns) if name and name not in used]


def in_words(file: DataFile) -> str:
    """The same in a line, without what differs from file to file of one tool."""
    found = mapping(file)
    scales = ", ".join(f"{name} x {scale:g}" for name, scale in found["scales"].items())
    parts = [f"{found['layout']} layout", found["form"], f"days {found['days']}" if found["days"] else ""]
    return "; ".join(part for part in (*parts, scales) if part)
