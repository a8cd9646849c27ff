"""Stored rows as files: to the digit, in either units, whole or not there."""

import csv
import gzip
import os
import random
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from market_data.exceptions import UsageError
from market_data.files import shaping
from market_data.files.exporting import Exported, Selection, Shape, export, format_of
from market_data.models import Security
from market_data.queries import columns
from tests.market_data.builders import (
    ADJ_FACTOR,
    DAILY,
    DAILY_BASIC,
    OLD_MONDAY,
    STOCK_BASIC,
    SUSPEND_D,
    TRADE_CAL,
    A,
    B,
    add_securities,
    row_of,
    store_cells,
    store_rows,
)

pytestmark = pytest.mark.django_db
TUESDAY = date(2024, 1, 9)


def csv_of(selection: Selection, folder: Path) -> list[dict[str, str]]:
    path = folder / "out.csv"
    count = export(selection, "csv", str(path)).rows
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == count
    return rows


def test_a_row_comes_back_in_stored_units(tmp_path: Path) -> None:
    store_rows(DAILY, [row_of(DAILY, A, OLD_MONDAY, vol=1000.17, amount=4182345.222, change=None)])
    row = csv_of(Selection(DAILY), tmp_path)[0]
    assert tuple(row) == DAILY.columns
    assert (row["symbol"], row["trade_date"], row["volume"]) == (A, "2024-01-08", "100017.0")
    assert (row["amount"], row["change"]) == ("4182345222.0", "")


def test_a_row_comes_back_as_tushare_sent_it(tmp_path: Path) -> None:
    sent = row_of(DAILY, A, OLD_MONDAY, vol=1000.17, amount=4182345.222, pct_chg=None)
    store_rows(DAILY, [sent])
    row = csv_of(Selection(DAILY, units="tushare"), tmp_path)[0]
    assert row == {name: "" if value is None else str(value) for name, value in sent.items()}


def test_numbers_of_fifteen_digits_come_back_to_the_digit(tmp_path: Path) -> None:
    chance = random.Random(7)
    rows = []
    for n in range(500):
        vol, amount = (round(chance.randrange(10 ** chance.randint(1, 15)) / 1000, 3) for _ in range(2))
        rows.append(row_of(DAILY, f"{n:06}.SH", OLD_MONDAY, vol=vol, amount=amount))
    store_rows(DAILY, rows)
    back = csv_of(Selection(DAILY, units="tushare"), tmp_path)
    assert [(float(r["vol"]), float(r["amount"])) for r in back] == [(r["vol"], r["amount"]) for r in rows]


def test_rows_ascend_by_symbol_and_day_and_can_be_selected(tmp_path: Path) -> None:
    store_cells(DAILY, [B, A], [TUESDAY, OLD_MONDAY])
    keys = [(r["symbol"], r["trade_date"]) for r in csv_of(Selection(DAILY), tmp_path)]
    assert keys == [(A, "2024-01-08"), (A, "2024-01-09"), (B, "2024-01-08"), (B, "2024-01-09")]
    assert len(csv_of(Selection(DAILY, start=TUESDAY), tmp_path)) == 2
    assert len(csv_of(Selection(DAILY, end=OLD_MONDAY, symbols=(B,)), tmp_path)) == 1


def test_lists_have_no_window_and_give_flags_and_dates_back(tmp_path: Path) -> None:
    day = {"exchange": "SSE", "cal_date": "20240108", "is_open": 1, "pretrade_date": None}
    store_rows(TRADE_CAL, [day])
    assert csv_of(Selection(TRADE_CAL, units="tushare"), tmp_path) == [
        {"exchange": "SSE", "cal_date": "20240108", "is_open": "1", "pretrade_date": ""}
    ]
    store_rows(STOCK_BASIC, [{"ts_code": A, "name": "浦发, 银行", "list_date": "19991110"}])
    row = csv_of(Selection(STOCK_BASIC, start=TUESDAY, units="tushare"), tmp_path)[0]
    assert (row["name"], row["list_date"], row["delist_date"]) == ("浦发, 银行", "19991110", "")
    assert "inferred" not in row


def table_of_file(selection: Selection, folder: Path) -> Any:
    path = folder / "out.parquet"
    count = export(selection, "parquet", str(path)).rows
    table = pq.read_table(path)
    assert table.num_rows == count
    return table


def test_parquet_is_typed(tmp_path: Path) -> None:
    store_rows(DAILY, [row_of(DAILY, A, OLD_MONDAY, change=None), row_of(DAILY, B, OLD_MONDAY)])
    native = table_of_file(Selection(DAILY), tmp_path)
    assert native["trade_date"].to_pylist() == [OLD_MONDAY, OLD_MONDAY]
    assert native["change"].to_pylist() == [None, 0.5]
    tushare = table_of_file(Selection(DAILY, units="tushare"), tmp_path)
    assert tushare["trade_date"].to_pylist() == ["20240108", "20240108"]
    assert tushare["vol"].to_pylist() == [1000.17, 1000.17]


@pytest.mark.parametrize(
    "units",
    [
        "native",
        pytest.param(
            "tushare",
        ),
    ],
)
def test_the_calendar_can_be_had_as_parquet(tmp_path: Path, units: Literal["native", "tushare"]) -> None:
    store_rows(TRADE_CAL, [{"exchange": "SSE", "cal_date": "20240108", "is_open": 1, "pretrade_date": "20240105"}])
    table = table_of_file(Selection(TRADE_CAL, units=units), tmp_path)
    assert table["is_open"].to_pylist() == [True if units == "native" else 1]


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_nothing_stored_is_a_file_with_columns_and_no_rows(
    tmp_path: Path, file_format: Literal["csv", "parquet"]
) -> None:
    for dataset in (DAILY, SUSPEND_D, DAILY_BASIC):
        path = tmp_path / dataset.name
        assert export(Selection(dataset), file_format, str(path)) == Exported()
        if file_format == "csv":
            assert path.read_text() == ",".join(f.name for f in dataset.fields) + "\n"
        else:
            assert pq.read_table(path).column_names == [f.name for f in dataset.fields]


def test_batches_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "CHUNK", 3)
    symbols = [f"{n:06}.SH" for n in range(10)]
    store_cells(ADJ_FACTOR, symbols, [OLD_MONDAY])
    assert [row["symbol"] for row in csv_of(Selection(ADJ_FACTOR), tmp_path)] == symbols
    assert table_of_file(Selection(ADJ_FACTOR), tmp_path)["symbol"].to_pylist() == symbols


def broken_pieces(*args: Any, **options: Any) -> Iterator[pa.Table]:
    yield pa.table({"symbol": [A], "trade_date": [OLD_MONDAY], "adj_factor": [1.5]})
    raise ConnectionError("the database is gone")


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_a_file_appears_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_format: Literal["csv", "parquet"]
) -> None:
    path = tmp_path / "factors"
    path.write_text("what was there before")
    monkeypatch.setattr(shaping, "stored_batches", broken_pieces)
    with pytest.raises(ConnectionError):
        export(Selection(ADJ_FACTOR), file_format, str(path))
    assert path.read_text() == "what was there before"
    assert os.listdir(tmp_path) == ["factors"]


def test_who_reads_the_old_file_meanwhile_reads_it_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "factors.csv"
    path.write_text("what was there before")
    with path.open() as reader:
        export(Selection(ADJ_FACTOR), "csv", str(path))
        assert reader.read() == "what was there before"
    assert path.read_text() == "symbol,trade_date,adj_factor\n"


def test_a_dash_is_standard_output(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    store_cells(ADJ_FACTOR, [A], [OLD_MONDAY])
    with os.fdopen(os.dup(1), "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert export(Selection(ADJ_FACTOR), "csv", "-") == Exported(1)
        stream.write("and more\n")
    assert capfdbinary.readouterr().out == b"symbol,trade_date,adj_factor\n600001.SH,2024-01-08,10.0\nand more\n"


def test_a_folder_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no folder"):
        export(Selection(DAILY), "csv", str(tmp_path / "no" / "out.csv"))


@pytest.mark.parametrize("adjust", ["qfq", "hfq"])
def test_only_bars_can_be_adjusted(tmp_path: Path, adjust: Literal["qfq", "hfq"]) -> None:
    with pytest.raises(UsageError, match="Only daily"):
        export(Selection(ADJ_FACTOR, adjust=adjust), "csv", str(tmp_path / "out.csv"))
    assert os.listdir(tmp_path) == []


def test_adjusted_bars_are_exported_and_a_missing_factor_is_the_one_before_it(tmp_path: Path) -> None:
    store_cells(DAILY, [A], [OLD_MONDAY, TUESDAY])
    store_cells(ADJ_FACTOR, [A], [OLD_MONDAY], adj_factor=2.0)
    rows = csv_of(Selection(DAILY, adjust="hfq", units="tushare"), tmp_path)
    assert [(row["close"], row["vol"]) for row in rows] == [("21.0", "1000.17"), ("21.0", "1000.17")]


def test_what_a_spreadsheet_takes_for_a_formula_is_written_as_a_text_where_it_is_asked_for(tmp_path: Path) -> None:
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\nx", "*ST x", "x=1"]
    symbols = [f"60000{number}.SH" for number in range(len(names))]
    add_securities(*symbols)
    for symbol, name in zip(symbols, names, strict=True):
        Security.objects.filter(symbol=symbol).update(name=name)
    as_it_is = [row["name"] for row in csv_of(Selection(STOCK_BASIC), tmp_path)]
    as_text = [row["name"] for row in csv_of(Selection(STOCK_BASIC, for_spreadsheets=True), tmp_path)]
    assert as_it_is == names
    assert as_text == [*(f"'{name}" for name in names[:6]), *names[6:]]


def test_a_number_is_no_formula(tmp_path: Path) -> None:
    store_rows(DAILY, [row_of(DAILY, A, OLD_MONDAY, change=-1.5)])
    assert csv_of(Selection(DAILY, for_spreadsheets=True), tmp_path)[0]["change"] == "-1.5"


def test_the_ending_names_the_format() -> None:
    assert [format_of(f"x{end}") for end in (".csv", ".csv.gz", ".parquet", ".PQ", ".txt")] == [
        "csv", "csv.gz", "parquet", "parquet", "csv",
    ]  # fmt: skip


def test_packed_csv_and_csv_for_excel(tmp_path: Path) -> None:
    store_cells(ADJ_FACTOR, [A], [OLD_MONDAY])
    export(Selection(ADJ_FACTOR), "csv.gz", str(tmp_path / "x.csv.gz"))
    with gzip.open(tmp_path / "x.csv.gz", "rt") as file:
        assert file.read() == "symbol,trade_date,adj_factor\n600001.SH,2024-01-08,10.0\n"
    export(Selection(ADJ_FACTOR), "csv", str(tmp_path / "x.csv"), Shape(bom=True))
    assert (tmp_path / "x.csv").read_bytes().startswith(b"\xef\xbb\xbfsymbol,")


def test_a_folder_by_year_holds_every_row_once(tmp_path: Path) -> None:
    store_cells(ADJ_FACTOR, [A, B], [date(2022, 5, 5), date(2023, 5, 5), date(2024, 5, 6)])
    wanted = Selection(ADJ_FACTOR, start=date(2023, 1, 1))
    assert export(wanted, "parquet", str(tmp_path / "out"), Shape("year")).rows == 4
    table = ds.dataset(tmp_path / "out", partitioning="hive").to_table()
    assert sorted(zip(table["year"].to_pylist(), table["symbol"].to_pylist(), strict=True)) == [
        (2023, A), (2023, B), (2024, A), (2024, B),
    ]  # fmt: skip
    with pytest.raises(UsageError, match="is there already"):
        export(wanted, "parquet", str(tmp_path / "out"), Shape("year"))


def test_adjusted_prices_have_the_decimals_of_the_stored_ones(tmp_path: Path) -> None:
    prices = {"open": 10.01, "high": 11.99, "low": 9.87, "close": 10.05, "pre_close": 10.03}
    fine = {name: value / 10 for name, value in prices.items()}
    store_rows(DAILY, [row_of(DAILY, A, OLD_MONDAY, **prices), row_of(DAILY, B, OLD_MONDAY, **fine)])
    store_cells(ADJ_FACTOR, [A, B], [OLD_MONDAY], adj_factor=1.2345)
    rows = csv_of(Selection(DAILY, adjust="hfq"), tmp_path)
    assert [(row["open"], row["change"]) for row in rows] == [("12.36", "0.02"), ("1.236", "0.002")]


def test_qlib_gets_a_file_for_each_symbol(tmp_path: Path) -> None:
    store_cells(DAILY, [A, "000003.SZ"], [OLD_MONDAY, TUESDAY])
    store_cells(ADJ_FACTOR, [A, "000003.SZ"], [OLD_MONDAY], adj_factor=2.0)
    done = export(Selection(DAILY, adjust="hfq"), "csv", str(tmp_path / "qlib"), Shape(layout="qlib"))
    assert done == Exported(4, 2)
    assert sorted(os.listdir(tmp_path / "qlib")) == ["SH600001.csv", "SZ000003.csv"]
    with (tmp_path / "qlib" / "SH600001.csv").open() as file:
        row = next(csv.DictReader(file))
    assert (row["date"], row["close"], row["factor"], row["volume"]) == ("2024-01-08", "21.0", "2.0", "50008.5")
    assert float(row["vwap"]) == pytest.approx(10_000 / 100_017 * 2)


@pytest.mark.parametrize(
    ("selection", "shape"),
    [
        (Selection(ADJ_FACTOR), Shape(layout="qlib")),
        (Selection(DAILY, units="tushare"), Shape(layout="qlib")),
        (Selection(STOCK_BASIC), Shape("year")),
    ],
)
def test_a_layout_that_does_not_fit_is_refused(tmp_path: Path, selection: Selection, shape: Shape) -> None:
    with pytest.raises(UsageError):
        export(selection, "csv", str(tmp_path / "out"), shape)
    assert os.listdir(tmp_path) == []
