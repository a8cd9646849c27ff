"""Published and made-up history, put straight into the tables: what is under test is what is stored."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from django.db import transaction

from market_data.datasets import DATASETS
from market_data.engine.ledger import clock
from market_data.engine.storing.checks import Window, check
from market_data.engine.storing.writer import upsert
from market_data.providers.base import Answer
from market_data.standin.market.tables import Market

LISTS = ("trade_cal", "stock_basic", "suspend_d")
TEXTS = {"ts_code", "symbol", "trade_date", "cal_date", "pretrade_date", "list_date", "delist_date", "suspend_timing"}


def store(name: str, frame: pd.DataFrame) -> None:
    """Rows in the provider's names and units, those that no market can have produced too."""
    dataset = replace(DATASETS[name], impossible=None)
    values = frame.astype(object).where(frame.notna(), None)
    columns = {column: values[column].tolist() for column in values}
    table = check(dataset, Answer(columns, len(frame)), Window()).table
    with transaction.atomic():
        upsert(dataset, table, clock.now())


def load_folder(folder: Path, *names: str) -> None:
    """Files of published history, the lists first."""
    for name in (*LISTS, *names):
        store(name, read_rows(next(folder.glob(f"{name}.csv*"))))


def read_rows(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=dict.fromkeys(TEXTS, "str"))


def native_rows(shared_data: Path, name: str) -> pd.DataFrame:
    """Every row that Tushare gave: most of the market on one day, and years of two stocks."""
    files = sorted((shared_data / "native" / name).rglob("*.csv*"))
    return pd.concat(map(read_rows, files)).drop_duplicates(["ts_code", "trade_date"])


def load_calendar() -> None:
    """The trading days that are known without a provider."""
    fallback = DATASETS["trade_cal"].fallback
    assert fallback is not None
    with transaction.atomic():
        upsert(DATASETS["trade_cal"], fallback(), clock.now())


def load_market(market: Market, names: Iterable[str]) -> None:
    """A made-up market, the lists first."""
    for name in (*LISTS, *names):
        store(name, rows_of(market, name))


def rows_of(market: Market, name: str) -> pd.DataFrame:
    """All rows of an interface of a made-up market."""
    table = market.tables[name]
    every = np.arange(len(table.keys.dates))
    columns = {field: json.loads(f"[{','.join(column(every))}]") for field, column in table.columns.items()}
    return pd.DataFrame(columns, dtype=object)
