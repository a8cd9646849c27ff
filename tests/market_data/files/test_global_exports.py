"""Global bars out of the database, and the commands that have nothing to say about them."""

from datetime import date
from pathlib import Path

import pytest

from market_data.models import GlobalBar, SyncFailureRecord
from tests.market_data.builders import add_securities
from tests.market_data.conftest import Run

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2024, 1, 8)
HEADER = "symbol,trade_date,open,high,low,close,volume,dividends,splits,currency"


@pytest.fixture(autouse=True)
def bars() -> None:
    add_securities("600000.SH")
    prices = {"open": 1.5, "high": 2.5, "low": 1.25, "close": 2.0, "volume": 1000.0, "dividends": 0.25, "splits": 0.0}
    for symbol in ("AAPL", "MSFT"):
        GlobalBar.objects.create(symbol=symbol, trade_date=DAY, currency="USD", **prices)


def test_global_bars_are_exported_as_they_are_stored(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    code, report, _ = run("export", "global_daily", "--symbols", "AAPL", "--output", path)
    assert (code, report["rows"]) == (0, 1)
    assert path.read_text() == f"{HEADER}\nAAPL,2024-01-08,1.5,2.5,1.25,2.0,1000.0,0.25,0.0,USD\n"
    assert run("export", "global_daily", "--format", "parquet", "--output", path)[1]["rows"] == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--symbols", "AAPL,NOBODY"), "global_daily has nothing of NOBODY; a watchlist brings it."),
        (("--units", "tushare"), "global_daily never was in Tushare's units"),
    ],
)
def test_an_export_that_makes_no_sense_is_wrong_usage(
    run: Run, tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    code, _, said = run("export", "global_daily", "--output", tmp_path / "x", *options)
    assert code == 2
    assert sentence in said


def test_nothing_is_missing_of_what_nobody_expects(run: Run) -> None:
    code, _, said = run("gaps", "global_daily")
    assert code == 2
    assert "Nothing is expected of global_daily" in said


def test_a_watchlists_failure_is_left_to_its_next_run(run: Run) -> None:
    SyncFailureRecord.objects.create(
        dataset="global_daily", job_type="WATCHLIST", third_code="X", max_retries=3, last_attempt_at="2024-01-08T00:00Z"
    )
    code, report, _ = run("retry_failures")
    assert (code, report) == (0, {"retried": 0, "resolved": 0, "remaining": 0})
