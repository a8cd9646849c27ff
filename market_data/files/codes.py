"""Symbols as other tools write them, in our form: 600000.XSHG, sh.600000, SH600000 or 600000 is 600000.SH."""

from __future__ import annotations

import re
from functools import cache

from market_data.datasets import Dataset
from market_data.datasets.base import STOCK
from market_data.frames import pa
from market_data.models import AdjFactor, DailyBar, DailyBasic, Security
from market_data.providers.yfinance_symbols import from_yahoo

_EXCHANGES = {
    "SH": "SH",
    "SS": "SH",
    "XSHG": "SH",
    "SSE": "SH",
    "SZ": "SZ",
    "XSHE": "SZ",
    "SZSE": "SZ",
    "BJ": "BJ",
    "XBSE": "BJ",
    "BSE": "BJ",
}
_NAMES = "|".join(_EXCHANGES)
_CODE = re.compile(rf"(?:(SH|SZ|BJ)[.#_]?)?(\d{{1,6}})(?:\.0)?(?:\.({_NAMES}))?", re.IGNORECASE)
_IN_A_TEXT = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?:SH|SZ|BJ)[.#_]?)?\d{{6}}(?:\.(?:{_NAMES}))?(?![0-9A-Za-z])", re.IGNORECASE
)
_STOCKS = (
    (re.compile(r"6\d{5}|900\d{3}"), "SH"),
    (re.compile(r"0\d{5}|20[01]\d{3}|30\d{4}"), "SZ"),
    (re.compile(r"4\d{5}|8(?!99|80)\d{5}|92\d{4}"), "BJ"),
)
_ONLY_STOCKS = (DailyBar, Security, AdjFactor, DailyBasic)


def translated(codes: pa.Array, dataset: Dataset) -> pa.Array:
    """The texts in our form; null for what is no symbol of the dataset. Each text is looked at once."""
    pattern = next((f.pattern for f in dataset.fields if f.name == "symbol"), "")
    if pattern != STOCK and dataset.provider != "yfinance":
        return codes
    encoded = codes.dictionary_encode()
    ours = pa.array([to_ours(code, dataset) for code in encoded.dictionary.to_pylist()], pa.string())
    return ours.take(encoded.indices)


def to_ours(code: str, dataset: Dataset) -> str | None:
    """Our form of a code, None where it is no symbol of the dataset, such as an index among bars of stocks."""
    if dataset.provider == "yfinance":
        return from_yahoo(code.strip()) or None
    return _of_china(code.strip(), only_stocks=dataset.model in _ONLY_STOCKS)


def in_text(text: str, dataset: Dataset) -> str | None:
    """The only symbol in a file's name or title, such as 600000.csv, SH#600000.txt or sz.000001_daily.csv."""
    if dataset.provider == "yfinance":
        return None
    found = {to_ours(code, dataset) for code in _IN_A_TEXT.findall(text)} - {None}
    return found.pop() if len(found) == 1 else None


@cache
def _of_china(code: str, *, only_stocks: bool) -> str | None:
    match = _CODE.fullmatch(code)
    if match is None:
        return code if re.fullmatch(STOCK, code) else None
    before, number, after = match.groups()
    number = number.zfill(6)
    named = {_EXCHANGES[name.upper()] for name in (before, after) if name}
    home = next((exchange for pattern, exchange in _STOCKS if pattern.fullmatch(number)), None)
    if not named:
        # 201912 is a month rather than one of the few B shares.
        return f"{number}.{home}" if home and not number.startswith("201") else None
    if len(named) > 1 or (only_stocks and named != {home}):
        return None
    return f"{number}.{named.pop()}"
