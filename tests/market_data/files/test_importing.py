"""People's own files: read in either units, checked, stored once, and known to the ledger."""

import csv
import gzip
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from market_data.datasets import DATASETS
from market_data.engine.ledger import clock
from market_data.exceptions import UsageError
from market_data.files import data_files, reading
from market_data.files.importing import import_files
from market_data.models import DailyBar, Origin, Security, TradingDay
from market_data.queries.reports import current
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

pytestmark = pytest.mark.django_db(transaction=True)
TUSHARE = [field.source for field in DAILY.fields]
NATIVE = [field.name for field in DAILY.fields]
WINDOW = ("--start", "20240101", "--end", "20240329")


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
    days = [OLD_MONDAY + timedelta(days=n) for n in range(6)]
    rows = [bar(day=day) for day in days]
    rows[2] |= changes
    done = import_files(DAILY, [write(tmp_path / "bars.csv", rows)])
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
    rows = [bar(day=OLD_MONDAY + timedelta(days=n)) for n in range(6)]
    rows[2] |= changes
    done = import_files(DAILY, [write(tmp_path / "bars.csv", rows)])
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


@pytest.mark.parametrize("symbol", ["600036.SH", "600519.SH"])
def test_published_reports_are_known_to_the_ledger_and_stay_versions(shared_data, run, tmp_path, symbol):
    source = shared_data / "native" / "fina_indicator" / "native_full_columns" / f"{symbol}.csv"
    frame = pd.read_csv(source, dtype={"ann_date": str, "end_date": str})
    code, report, said = run("import_data", "fina_indicator", source)
    assert (code, report["inserted"], said) == (0, len(frame), "")
    assert run("import_data", "fina_indicator", source)[1]["unchanged"] == len(frame)
    run("export", "fina_indicator", "--units", "tushare", "--output", tmp_path / "out.csv")
    back = pd.read_csv(tmp_path / "out.csv", dtype={"ann_date": str, "end_date": str})
    order = ["end_date", "ann_date", *sorted(set(frame) - {"ts_code", "ann_date", "end_date"})]
    sent, got = (f[order].sort_values(order).reset_index(drop=True) for f in (frame, back))
    pd.testing.assert_frame_equal(got, sent, check_dtype=False)


def test_published_bars_come_back_to_the_digit(shared_data, run, tmp_path):
    source = shared_data / "native" / "moneyflow" / "native_20260415.csv.gz"
    code, report, said = run("import_data", "moneyflow", source)
    assert (code, said) == (0, "")
    run("export", "moneyflow", "--units", "tushare", "--output", tmp_path / "out.csv")
    with gzip.open(source, "rt", encoding="utf-8") as file:
        sent = sorted(map(tuple, (row.values() for row in csv.DictReader(file))))
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        assert sorted(map(tuple, (row.values() for row in csv.DictReader(file)))) == sent
    assert report["rows"] == len(sent)


def _figures(row: dict[str, str], names: list[str]) -> tuple[Any, ...]:
    """What a row says, however its numbers are written."""
    return tuple(float(row[n]) if row[n] and n not in ("ts_code", "ann_date", "end_date") else row[n] for n in names)


@pytest.mark.parametrize("source", ["native_full_columns", "subset_2016_2019.csv.gz"])
def test_published_indicators_come_in_and_go_out_row_for_row(source, shared_data, run, tmp_path):
    place = shared_data / "native" / "fina_indicator" / source
    files = sorted(place.glob("*.csv")) if place.is_dir() else [place]
    code, report, said = run("import_data", "fina_indicator", *files)
    assert (code, report["refused"], report["different"]) == (0, 0, 0), said
    sent = [row for file in files for row in read_rows(file)]
    assert report["inserted"] == len(sent)
    path = tmp_path / "out.csv"
    run("export", "fina_indicator", "--units", "tushare", "--output", path)
    names = list(sent[0])
    stored = [_figures(row, names) for row in read_rows(path)]
    assert sorted(stored, key=repr) == sorted((_figures(row, names) for row in sent), key=repr)
    periods = {(row["ts_code"], row["end_date"]) for row in sent}
    assert current(DATASETS["fina_indicator"]).count() == len(periods)


def read_rows(path: Path) -> list[dict[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
