"""Published files come in and go out as they were."""

import csv
import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from market_data.datasets import DATASETS
from market_data.queries.reports import current

pytestmark = pytest.mark.django_db(transaction=True)


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
