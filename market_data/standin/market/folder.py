"""A market read from a folder of `<api_name>.csv` or `<api_name>.csv.gz` files."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd

from market_data.standin.market.tables import Column, IntArray, Keys, Market, Table, stored, texts
from market_data.standin.tushare.interfaces import INTERFACES, Interface

TEXT_COLUMNS = {"symbol", "period", "update_flag", "report_type", "comp_type", "end_type"}


def read_market(folder: Path) -> Market:
    """Read every file of the folder. Raises ValueError when there is none."""
    files = sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")])
    if not files:
        raise ValueError(f"{folder} holds no .csv or .csv.gz file")
    return Market({path.name.split(".")[0]: _read_table(path) for path in files}, made_up=False)


def _read_table(path: Path) -> Table:
    frame = pd.read_csv(path, dtype=object, keep_default_na=False)
    interface = INTERFACES.get(path.name.split(".")[0], Interface())
    columns = {str(name): frame[name].tolist() for name in frame}
    order, keys = _order(columns, interface, len(frame))
    return Table(keys, {name: _column(name, values, order) for name, values in columns.items()})


def _order(columns: dict[str, list[str]], interface: Interface, size: int) -> tuple[IntArray, Keys]:
    codes, symbols = np.unique(np.array(columns.get("ts_code", [""] * size)), return_inverse=True)
    days = columns.get(interface.date_column, ["0"] * size)
    dates = np.array([int(day or 0) for day in days], np.int32)
    order = np.lexsort((symbols, -dates))
    return order, Keys([str(code) for code in codes], symbols[order].astype(np.int32), dates[order])


def _column(name: str, values: list[str], order: IntArray) -> Column:
    return stored(texts(_json_texts(name, values))[order])


def _json_texts(name: str, values: list[str]) -> list[str]:
    """Each value as JSON: a number stays as it stands in the file, an empty one is null."""
    different = set(values) - {""}
    as_text = name in TEXT_COLUMNS or name.endswith(("date", "code")) or not _are_numbers(different)
    written = {value: json.dumps(value) if as_text else value for value in different} | {"": "null"}
    return [written[value] for value in values]


def _are_numbers(values: Iterable[str]) -> bool:
    try:
        parsed = json.loads(f"[{','.join(values)}]", parse_constant=_refuse)
    except ValueError:
        return False
    return all(type(value) in (int, float) for value in parsed)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")
