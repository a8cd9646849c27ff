"""Every snippet of docs/reading.md runs, with the libraries that are installed here."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.market_data.builders import ADJ_FACTOR, DAILY, row_of, store_cells, store_rows
from tests.market_data.worlds import weekdays
from tests.snippets import PAGE, SNIPPETS

HEAVY = ("backtesting", "backtrader", "vectorbt", "qlib")


@pytest.fixture
def exported(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a year of two stocks, exported as the page says."""
    monkeypatch.chdir(tmp_path)
    days = weekdays(date(2024, 1, 1), date(2024, 1, 1) + timedelta(days=180))
    for symbol in ("600000.SH", "000001.SZ"):
        prices = [round(10 + 0.05 * number + (number % 7) / 10, 2) for number in range(len(days))]
        store_rows(
            DAILY,
            [
                row_of(DAILY, symbol, day, open=p, high=p + 0.1, low=p - 0.1, close=p)
                for day, p in zip(days, prices, strict=True)
            ],
        )
    store_cells(ADJ_FACTOR, ["600000.SH", "000001.SZ"], days, adj_factor=1.5)
    call_command("export", "daily", "--adjust", "qfq", "--output", "daily.parquet")


@pytest.mark.usefixtures("exported")
@pytest.mark.parametrize("snippet", [code for mark, code in SNIPPETS if not mark])
def test_a_snippet_of_the_page_runs(snippet: str) -> None:
    for library in re.findall(r"^(?:import|from) (\w+)", snippet, re.MULTILINE):
        if library in HEAVY:
            pytest.importorskip(library, reason=f"{library} is tried by `make test-consumers`")
    exec(compile(snippet, str(PAGE), "exec"), {"__name__": "snippet"})  # noqa: S102 - our own page
