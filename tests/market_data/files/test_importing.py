"""People's own files: read in either units, stored once, and known to the ledger."""

import csv
import gzip
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from market_data.datasets import DATASETS
from market_data.engine.ledger import clock
from market_data.files import data_files, reading
from market_data.files.importing import import_files
from market_data.models import DailyBar, Origin, Security, TradingDay
from tests.market_data.builders import (
    DAILY,
    OLD_MONDAY,
    STOCK_BASIC,
    A,
    B,
    add_calendar,
    add_securities,
    counted,
    row_of,
    store_rows,
)
from tests.market_data.files.written import NATIVE, bar, stored, write

pytestmark = pytest.mark.django_db(transaction=True)
WINDOW = ("--start", "20240101", "--end", "20240329")


def test_a_file_in_tushares_columns_is_stored_in_our_units_with_its_origin(tmp_path: Path) -> None:
    path = write(tmp_path / "bars.csv", [bar(vol=3983.19, amount=4182.222, change=None)])
    done = import_files(DAILY, [path])
    assert done.as_json() == {
        "dataset": "daily",
        "files": 1,
        "rows": 1,
        "inserted": 1,
        "updated": 0,
        "unchanged": 0,
        "different": 0,
        "refused": 0,
    }
    row = DailyBar.objects.get()
    assert (row.volume, row.amount, row.change, row.provider) == (398319.0, 4182222.0, None, "import")
    assert Origin.objects.get().made_up is False


@pytest.mark.parametrize("units", ["native", "tushare"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_is_exported_can_be_imported_elsewhere(run: Any, tmp_path: Path, units: str, form: str) -> None:
    days = [OLD_MONDAY + timedelta(days=n) for n in range(5)]
    chance = random.Random(3)
    volumes = [(s, d, round(chance.random() * 1e6, 2)) for s in (A, B) for d in days]
    write(tmp_path / "in.csv", [bar(s, d, vol=lots, amount=round(lots * 1.04, 3)) for s, d, lots in volumes])
    import_files(DAILY, [tmp_path / "in.csv"])
    before = stored()
    path = tmp_path / f"out.{form}"
    run("export", "daily", "--format", form, "--units", units, "--output", path)
    DailyBar.objects.all().delete()
    code, report, said = run("import_data", "daily", path)
    assert (code, report["inserted"], said) == (0, 10, "")
    assert stored() == before


@pytest.mark.parametrize("units", ["native", "tushare"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_lists_with_flags_and_dates_go_out_and_in(run: Any, tmp_path: Path, units: str, form: str) -> None:
    add_calendar(date(2024, 1, 5), date(2024, 1, 9))
    before = list(TradingDay.objects.order_by("trade_date").values())
    path = tmp_path / f"out.{form}"
    run("export", "trade_cal", "--format", form, "--units", units, "--output", path)
    TradingDay.objects.all().delete()
    assert run("import_data", "trade_cal", path)[0] == 0
    assert list(TradingDay.objects.order_by("trade_date").values()) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("trade_date", "2024-01-08"),
        ("trade_date", "2024-01-08 00:00:00"),
        ("trade_date", "20240108.0"),
        ("change", "nan"),
        ("change", "None"),
    ],
)
def test_what_scripts_write_is_understood(tmp_path: Path, name: str, text: str) -> None:
    import_files(DAILY, [write(tmp_path / "a.csv", [bar(change=None)])])
    done = import_files(DAILY, [write(tmp_path / "b.csv", [bar(change=None) | {name: text}])])
    assert (done.unchanged, done.complaints) == (1, [])


def test_gzip_a_byte_order_mark_and_more_columns_are_understood(tmp_path: Path) -> None:
    rows = [{"": 0, **bar(), "turnover": 1.5}]
    path = write(tmp_path / "bars.csv.gz", rows)
    marked = tmp_path / "marked.csv"
    marked.write_bytes("\ufeff".encode() + gzip.decompress(path.read_bytes()))
    done = import_files(DAILY, [path, marked])
    assert (done.files, done.inserted, done.unchanged) == (2, 1, 1)


def test_a_frame_saved_as_parquet_is_understood(tmp_path: Path) -> None:
    frame = pd.DataFrame([bar(A), bar(B, change=None)])
    frame["trade_date"] = pd.to_datetime(frame["trade_date"])
    frame["ts_code"] = frame["ts_code"].astype("category")
    frame["open"] = frame["open"].astype("int64")
    frame.to_parquet(tmp_path / "bars.parquet")
    done = import_files(DAILY, [tmp_path / "bars.parquet"])
    assert (done.inserted, done.complaints) == (2, [])
    assert [(row[0], row[1], row[2]) for row in stored()] == [(A, OLD_MONDAY, 10.0), (B, OLD_MONDAY, 10.0)]


def test_the_units_can_be_said_where_the_header_does_not_tell(run: Any, tmp_path: Path) -> None:
    both = {**bar(vol=1), **dict.fromkeys(NATIVE, 10.0), "symbol": B, "trade_date": "20240108", "volume": 7}
    path = write(tmp_path / "bars.csv", [both])
    code, report, said = run("import_data", "daily", path)
    assert (code, report["files"]) == (1, 0)
    assert "--units" in said
    assert run("import_data", "daily", path, "--units", "native")[0] == 0
    assert (DailyBar.objects.get().symbol, DailyBar.objects.get().volume) == (B, 7.0)


def test_what_is_imported_is_not_asked_for_again(world, serve, run, tmp_path):
    server = serve(world)
    run("sync", "suspend_d", *WINDOW)
    run("sync", "stock_basic")
    files = [world.folder / f"{name}.csv" for name in ("daily", "adj_factor")]
    for path in files:
        code, report, said = run("import_data", path.stem, path)
        assert (code, report["inserted"], said) == (0, len(world.cells()), "")
        code, report, _ = run("sync", path.stem, *WINDOW)
        assert (code, report["calls"]) == (0, 0)
        code, gaps, _ = run("gaps", path.stem, *WINDOW)
        assert (code, gaps["complete"]) == (0, len(world.days))
    assert {call.api for call in server.calls} == {"trade_cal", "stock_basic", "suspend_d"}


def test_only_what_a_file_does_not_have_is_asked_for(world, serve, run, tmp_path):
    serve(world)
    run("sync", "suspend_d", *WINDOW)
    run("sync", "stock_basic")
    with (world.folder / "daily.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["ts_code"] != world.symbols[2]]
    run("import_data", "daily", write(tmp_path / "most.csv", rows))
    code, report, _ = run("sync", "daily", *WINDOW)
    assert (code, report["calls"], report["inserted"]) == (0, 1, len(world.days))
    assert set(DailyBar.objects.filter(provider="tushare").values_list("symbol", flat=True)) == {world.symbols[2]}


def test_lists_can_be_imported_without_any_account(world, run, settings):
    settings.TUSHARE_TOKEN = ""
    world.write()
    for name in ("trade_cal", "stock_basic", "daily"):
        assert run("import_data", name, world.folder / f"{name}.csv")[0] == 0
    code, gaps, _ = run("gaps", "daily", *WINDOW)
    assert (code, gaps["complete"]) == (0, len(world.days))


def test_a_stored_row_stays_and_the_difference_is_told(run: Any, tmp_path: Path) -> None:
    store_rows(DAILY, [bar(A), bar(B)])
    rows = [bar(A), bar(B, close=10.25), bar(A, OLD_MONDAY + timedelta(days=1))]
    code, report, said = run("import_data", "daily", write(tmp_path / "bars.csv", rows))
    assert (code, report["inserted"], report["unchanged"], report["different"]) == (1, 1, 1, 1)
    assert said.strip() == f"bars.csv: {B} 2024-01-08 is stored with other values, which stay."
    assert DailyBar.objects.get(symbol=B).close == 10.5


def test_the_provider_has_the_last_word(world, serve, run, tmp_path):
    serve(world)
    run("sync", "trade_cal")
    first = world.symbols[0]
    run("import_data", "daily", write(tmp_path / "bars.csv", [bar(first, world.days[0], close=9.75)]))
    assert run("sync", "daily", *WINDOW, "--refetch")[0] == 0
    row = DailyBar.objects.get(symbol=first, trade_date=world.days[0])
    assert row.close != 9.75
    assert row.provider == "tushare"


def test_ctrl_c_leaves_what_was_read(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE_BYTES", 400)
    pieces = data_files.DataFile.pieces

    def interrupted(file: data_files.DataFile) -> Iterator[data_files.Piece]:
        yield next(pieces(file))
        raise KeyboardInterrupt

    path = write(tmp_path / "bars.csv", [bar(day=OLD_MONDAY + timedelta(days=n)) for n in range(30)])
    monkeypatch.setattr(data_files.DataFile, "pieces", interrupted)
    code, _, said = run("import_data", "daily", path, "--force")
    assert code == 1
    assert "goes on from there" in said
    kept = DailyBar.objects.count()
    monkeypatch.setattr(data_files.DataFile, "pieces", pieces)
    code, report, _ = run("import_data", "daily", path)
    assert (code, report["inserted"], report["unchanged"]) == (0, 30 - kept, kept)
    assert 0 < kept < 30


def test_a_list_replaces_what_was_inferred_and_nothing_else(tmp_path: Path) -> None:
    Security.objects.create(symbol=A, inferred=True, list_date=OLD_MONDAY)
    add_securities(B)
    listing = {field.source: None for field in STOCK_BASIC.fields}
    rows = [{**listing, "ts_code": symbol, "list_date": "19991110"} for symbol in (A, B)]
    done = import_files(STOCK_BASIC, [write(tmp_path / "list.csv", rows)])
    assert (done.inserted, done.different) == (1, 1)
    assert Security.objects.get(symbol=A).list_date == date(1999, 11, 10)
    assert Security.objects.get(symbol=B).list_date == date(2020, 1, 1)


def test_a_fund_among_price_limits_is_no_stock(tmp_path: Path) -> None:
    add_calendar(date(2024, 1, 1), clock.today())
    add_securities(A)
    limits = DATASETS["stk_limit"]
    rows = [row_of(limits, symbol, OLD_MONDAY) for symbol in (A, "510300.SH")]
    assert import_files(limits, [write(tmp_path / "limits.csv", rows)]).inserted == 2
    assert counted(limits, OLD_MONDAY).state == "complete"
    assert not Security.objects.filter(inferred=True).exists()


def test_a_symbol_that_is_in_no_list_is_inferred_from_its_rows(tmp_path: Path) -> None:
    add_calendar(date(2024, 1, 1), clock.today())
    add_securities(A)
    import_files(DAILY, [write(tmp_path / "bars.csv", [bar(A), bar(B)])])
    assert Security.objects.get(symbol=B).inferred
    assert counted(DAILY, OLD_MONDAY).state == "complete"


def test_what_cannot_be_whole_is_never_called_so(tmp_path: Path) -> None:
    """A file does not tell whether it has every suspension of a day, nor how old a list is."""
    add_calendar(date(2024, 1, 1), date(2024, 1, 12))
    row = {"ts_code": A, "trade_date": "20240108", "suspend_timing": None, "suspend_type": "S"}
    import_files(DATASETS["suspend_d"], [write(tmp_path / "stops.csv", [row])])
    assert counted(DATASETS["suspend_d"], OLD_MONDAY).state == "partial"
