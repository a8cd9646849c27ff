"""Files of daily bars that a test writes, and what is stored of them."""

import csv
import gzip
from datetime import date
from pathlib import Path
from typing import Any

from market_data.models import DailyBar
from tests.market_data.builders import DAILY, OLD_MONDAY, A, row_of

TUSHARE = [field.source for field in DAILY.fields]
NATIVE = [field.name for field in DAILY.fields]


def write(path: Path, rows: list[dict[str, Any]], fields: list[str] | None = None) -> Path:
    """A CSV file; None is nothing."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fields or list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def bar(symbol: str = A, day: date = OLD_MONDAY, **changes: Any) -> dict[str, Any]:
    return row_of(DAILY, symbol, day, **{"amount": 1040.0} | changes)


def stored() -> list[tuple[Any, ...]]:
    return list(DailyBar.objects.order_by("symbol", "trade_date").values_list(*NATIVE))
