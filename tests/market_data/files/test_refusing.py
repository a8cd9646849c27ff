"""People's own files: what cannot be true, or cannot be read, costs itself and is told in a sentence."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from market_data.exceptions import UsageError
from market_data.files import reading
from market_data.files.importing import Imported, import_files
from market_data.models import DailyBar, Origin
from tests.market_data.builders import DAILY, OLD_MONDAY, A, B
from tests.market_data.files.written import NATIVE, TUSHARE, bar, write

pytestmark = pytest.mark.django_db(transaction=True)


def imported_with(folder: Path, changes: dict[str, Any]) -> Imported:
    """What comes of a file of six days whose third row is changed."""
    rows = [bar(day=OLD_MONDAY + timedelta(days=n)) for n in range(6)]
    rows[2] |= changes
    return import_files(DAILY, [write(folder / "bars.csv", rows)])


def test_impossible_rows_are_refused_and_named(run: Any, tmp_path: Path) -> None:
    rows = [bar(A), bar(B, low=-1.0)]
    code, report, said = run("import_data", "daily", write(tmp_path / "bars.csv", rows))
    assert (code, report["rows"], report["inserted"], report["refused"]) == (1, 2, 1, 1)
    assert "row 2: its values are impossible" in said
    assert B in said


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"open": "ten"}, "row 3: its open is no number"),
        ({"trade_date": "08/01/2024"}, "row 3: its trade_date is no date"),
        ({"trade_date": ""}, "row 3: it has no trade_date"),
        ({"trade_date": "20240230"}, "row 3: its trade_date is no date"),
        ({"ts_code": ""}, "row 3: its ts_code is no text"),
        ({"open": "inf"}, "row 3: its open is no number"),
    ],
)
def test_a_bad_row_is_named_in_a_sentence_and_costs_only_itself(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    done = imported_with(tmp_path, changes)
    (complaint,) = done.complaints
    assert complaint.startswith(f"bars.csv, {sentence}")
    assert (done.files, done.inserted, DailyBar.objects.count()) == (1, 5, 5)


def test_a_row_that_comes_twice_is_one_row(tmp_path: Path) -> None:
    done = import_files(DAILY, [write(tmp_path / "bars.csv", [bar(A), bar(B), bar(A)])])
    assert (done.complaints, done.inserted) == ([], 2)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ts_code": "oops"}, "row 3: 'oops' is not a symbol such as 600000.SH"),
        ({"ts_code": "sh.000001"}, "row 3: 'sh.000001' is not a symbol such as 600000.SH"),
        ({"ts_code": "510300.SH"}, "row 3: '510300.SH' is not a symbol such as 600000.SH"),
        ({"ts_code": "600000.SZ"}, "row 3: '600000.SZ' is not a symbol such as 600000.SH"),
        ({"trade_date": "29990101"}, "row 3: 29990101 has not come yet"),
    ],
)
def test_a_row_of_no_stock_or_day_is_never_stored(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    done = imported_with(tmp_path, changes)
    (complaint,) = done.complaints
    assert complaint.startswith(f"bars.csv, {sentence}")
    assert (done.rows, done.inserted, done.refused, DailyBar.objects.count()) == (6, 5, 1, 5)


def test_a_file_whose_end_is_bad_has_left_its_beginning_and_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PIECE_BYTES", 400)
    rows = [bar(day=OLD_MONDAY + timedelta(days=n)) for n in range(30)]
    path = write(tmp_path / "bars.csv", rows)
    path.write_bytes(path.read_bytes() + f'{A},20240108,{"x" * 900}\x00\n"'.encode())
    done = import_files(DAILY, [path])
    assert done.complaints[0].startswith("bars.csv cannot be read beyond row")
    assert 0 < done.inserted <= 30
    again = import_files(DAILY, [write(path, rows)])
    assert (again.inserted, again.unchanged) == (30 - done.inserted, done.inserted)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>", "is an HTML page"),
        (b'{"code": 40203, "msg": "no points"}', "is a JSON document"),
        (b"PK\x03\x04 and more", "is an Excel workbook or a zip archive"),
        (b"600000.SH,20240108,10.0,11.0\n", "has no header: its first line is '600000.SH,20240108,10.0,11.0'"),
        (b"name\tprice\nx\t1\n", "is tab-separated; the columns are name, price, of which none is known"),
        (
            b"ts_code\ttrade_date\n",
            "is tab-separated; the columns are ts_code, trade_date. As Tushare's layout it lacks",
        ),
        (b"ts_code,ts_code\n", "has the column 'ts_code' twice"),
        (
            b"trade_date,open,high,low,close,vol,amount\n",
            "None of them tells whose bars these are: say",
        ),
    ],
)
def test_a_file_that_cannot_be_taken_is_told_in_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(content)
    (complaint,) = import_files(DAILY, [path]).complaints
    assert complaint.startswith("bars.csv ")
    assert sentence in complaint
    assert "\n" not in complaint


def test_damaged_files_are_told_in_a_sentence_and_do_not_stop_the_others(tmp_path: Path) -> None:
    good = write(tmp_path / "good.csv.gz", [bar()])
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(good.read_bytes()[:-20])
    noise = tmp_path / "noise.parquet"
    noise.write_bytes(b"PAR1 and nothing else")
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(good.read_bytes()[:12] + b"\xff" * 40)
    done = import_files(DAILY, [cut, noise, broken, good])
    assert (done.files, done.inserted) == (1, 1)
    assert [complaint.split()[0] for complaint in done.complaints] == [cut.name, noise.name, broken.name]


def test_a_header_alone_is_a_file_without_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "bars.csv", [], TUSHARE)
    pq.write_table(pa.table({name: pa.array([], pa.string()) for name in NATIVE}), tmp_path / "bars.parquet")
    done = import_files(DAILY, [path, tmp_path / "bars.parquet"])
    assert (done.files, done.rows, done.complaints) == (2, 0, [])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("bars", "x.csv"), "There is no dataset 'bars'"),
        (("daily", "no.csv"), "There is no file no.csv"),
        (("daily", __file__), "should end in .csv, .csv.gz or .parquet"),
    ],
)
def test_wrong_usage_is_told_in_a_sentence(run: Any, arguments: tuple[str, str], sentence: str) -> None:
    code, report, said = run("import_data", *arguments)
    assert (code, report) == (2, {})
    assert sentence in said


def test_files_are_looked_for_before_anything_is_stored(tmp_path: Path) -> None:
    path = write(tmp_path / "bars.csv", [bar()])
    with pytest.raises(UsageError, match="There is no file"):
        import_files(DAILY, [path, tmp_path / "no.csv"])
    assert not DailyBar.objects.exists()


def test_files_do_not_get_into_a_database_of_made_up_data(run: Any, tmp_path: Path) -> None:
    Origin.objects.create(made_up=True)
    code, _, said = run("import_data", "daily", write(tmp_path / "bars.csv", [bar()]))
    assert code == 4
    assert "made-up" in said
    assert not DailyBar.objects.exists()
