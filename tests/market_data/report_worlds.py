"""Reports of a small market, written beside its bars."""

import csv
from datetime import date
from typing import Any

from market_data.datasets import DATASETS, Dataset
from market_data.datasets.quarters import deadline
from tests.market_data.worlds import World

Report = dict[str, Any]


def report(dataset: Dataset, symbol: str, quarter: date, version: int = 0, **changes: Any) -> Report:
    """A report whose figures follow from its symbol, quarter and version."""
    base = int(symbol[:6]) % 1000 + quarter.month + version / 8
    row: Report = {name: round(base + at / 4, 4) for at, name in enumerate(dataset.sources)}
    row |= dict.fromkeys(dataset.other_fields.texts if dataset.other_fields else (), "4")
    row |= {f.source: "1" for f in dataset.fields if f.kind == "text"}
    announced = f"{deadline(quarter):%Y%m%d}"
    row |= {f.source: announced for f in dataset.fields if f.kind == "date"}
    return row | {"ts_code": symbol, "end_date": f"{quarter:%Y%m%d}", "update_flag": str(version)} | changes


def write_reports(world: World, name: str, reports: list[Report], *, market_too: bool = False) -> None:
    """Write them as what the stand-in serves; `market_too` for accounts that may ask for whole quarters."""
    for file in (name, f"{name}_vip") if market_too else (name,):
        with (world.folder / f"{file}.csv").open("w", newline="", encoding="utf-8") as out:
            fields = list(dict.fromkeys(key for row in reports for key in row)) or list(DATASETS[name].sources)
            writer = csv.DictWriter(out, fields, lineterminator="\n")
            writer.writeheader()
            writer.writerows(reports)
