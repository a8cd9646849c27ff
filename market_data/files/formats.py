"""How a file is written: encoding, delimiter, title and header, found out from its first lines."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from market_data.exceptions import BadFile
from market_data.frames import pa, pq

TEXTS = (".csv", ".csv.gz", ".txt", ".tsv")
PARQUET = (".parquet", ".pq")
HEAD_BYTES = 64 << 10
_DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar", " ": "space"}
_LINES_ABOVE = 3
_SHOWN = 12
_KINDS = (
    (rb"(?i)\s*(<!doctype html|<html|<head|<body|<table)", "is an HTML page"),
    (rb"\s*<\?xml", "is an XML document"),
    (rb"\s*[\[{]\s*[\"{\]}]", "is a JSON document"),
    (rb"PK\x03\x04", "is an Excel workbook or a zip archive: save it as CSV"),
    (rb"\xd0\xcf\x11\xe0", "is an old Excel workbook: save it as CSV"),
    (rb"PAR1", "is a Parquet file: let its name end in .parquet"),
    (rb"\x1f\x8b", "is compressed: let its name end in .csv.gz"),
)
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_FLAT = re.compile(r"\('([^']*)', *'([^']*)'\)")


@dataclass(frozen=True)
class Form:
    """`columns` are the header's names, `above` lines stand before the first row, `title` is the line over the header.

    `ticker`: what a second header line calls the columns' symbol. Parquet has neither encoding nor delimiter.
    """

    columns: tuple[str, ...]
    encoding: str = ""
    delimiter: str = ""
    above: int = 1
    title: str = ""
    ticker: str = ""
    first_row: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        return f"{self.encoding}, {_DELIMITERS[self.delimiter]}-separated" if self.delimiter else "Parquet"


def is_parquet(path: Path) -> bool:
    return path.name.lower().endswith(PARQUET)


def head_of(path: Path) -> bytes:
    """The first bytes, unpacked. Raises BadFile."""
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(f"{path.name} cannot be read: {error}") from error


def form_of(path: Path, known: Collection[str]) -> Form:
    """The file's form. `known` are names of columns, by which the header is found. Raises BadFile."""
    if is_parquet(path):
        return _parquet_form(path)
    head = head_of(path)
    if not head.strip():
        raise BadFile(f"{path.name} is empty.")
    for pattern, what in _KINDS:
        if re.match(pattern, head):
            raise BadFile(f"{path.name} {what}.")
    encoding = _encoding(path, head)
    lines = head.decode(encoding, "ignore").splitlines()[: _LINES_ABOVE + 3]
    return _text_form(path, lines, encoding, {name.lower() for name in known})


def _parquet_form(path: Path) -> Form:
    try:
        names = [name for name in pq.read_schema(path).names if name is not None]
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{path.name} cannot be read: {error}") from error
    flat = [_FLAT.fullmatch(name) for name in names]
    tickers = {match[2] for match in flat if match and match[2]}
    return Form(tuple(names), ticker=_one_ticker(path, tickers))


def plain_name(name: str) -> str:
    """A column's name, of a frame with two header lines the first: ('Close', 'AAPL') is Close."""
    match = _FLAT.fullmatch(name)
    return match[1] if match else name


def _encoding(path: Path, head: bytes) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    for name in ("utf-8", "gb18030"):
        try:
            # The last character may be cut.
            head[: -4 if len(head) == HEAD_BYTES else None].decode(name)
        except UnicodeDecodeError as error:
            if len(head) == HEAD_BYTES and error.start > len(head) - 8:
                return name
            continue
        return name
    raise BadFile(f"{path.name} is written neither in UTF-8 nor in GB18030: convert it first.")


def _text_form(path: Path, lines: list[str], encoding: str, known: set[str]) -> Form:
    best, at, delimiter = 0, 0, ","
    for number, line in enumerate(lines[:_LINES_ABOVE]):
        for mark in _DELIMITERS:
            count = sum(name.lower() in known for name in set(_split(line, mark)))
            if count > best:
                best, at, delimiter = count, number, mark
    if not best:
        raise BadFile(f"{path.name} {_unknown(lines[0])}.")
    names = _split(lines[at], delimiter)
    ticker, above = "", at + 1
    below = [_split(line, delimiter) for line in lines[at + 1 : at + 3]]
    if below and names[0] in ("Price", "") and below[0][0] in ("Ticker", "") and not _is_number(below[0][-1]):
        ticker = _one_ticker(path, set(below[0][1:]) - {""})
        above += 1 + (len(below) > 1 and below[1][0] in ("Date", "Datetime"))
        names = ["Date", *names[1:]]
    _check_twice(path, names)
    row = _split(lines[above], delimiter) if len(lines) > above else []
    title = " ".join(lines[:at]).strip()
    first_row = dict(zip(names, row, strict=False))
    return Form(tuple(names), encoding, delimiter, above, title, ticker, first_row)


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _one_ticker(path: Path, tickers: set[str]) -> str:
    if len(tickers) > 1:
        raise BadFile(f"{path.name} has several symbols side by side ({', '.join(sorted(tickers))}): save one a file.")
    return next(iter(tickers), "")


def _check_twice(path: Path, names: list[str]) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1 and name)
    if twice:
        raise BadFile(f"{path.name} has the column {twice[0]!r} twice.")


def _unknown(line: str) -> str:
    """What can be said of a file of whose columns none is known."""
    delimiter = max(_DELIMITERS, key=lambda mark: len(_split(line, mark)) if mark != " " else 1)
    names = _split(line, delimiter)
    if any(map(_is_number, names)):
        return f"has no header: its first line is {line[:100]!r}"
    return columns_in_words(names, delimiter) + ", of which none is known"


def columns_in_words(names: Collection[str], delimiter: str) -> str:
    """What the columns are and how they are parted."""
    shown = ", ".join(name or "(no name)" for name in list(names)[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    return (
        f"is {_DELIMITERS[delimiter]}-separated; the columns are {shown}" if delimiter else f"has the columns {shown}"
    )


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[-+]?\d[\d.,/:-]*", text.strip()))
