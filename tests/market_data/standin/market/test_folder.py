"""A folder of files comes back as it is."""

import csv
import gzip
from pathlib import Path

import pytest
import requests

from market_data.standin.market.folder import read_market
from market_data.standin.market.tables import Market
from market_data.standin.tushare.answering import answer
from market_data.standin.tushare.questions import question
from market_data.standin.tushare.rules import Rules
from tests.market_data.standin.conftest import Start

STOCKS = ("000001.SZ", "000024.SZ", "836720.BJ")


@pytest.fixture(scope="module")
def published(shared_data: Path) -> Market:
    return read_market(shared_data / "stocks")


@pytest.mark.parametrize("code", STOCKS)
@pytest.mark.parametrize("api", ["daily", "adj_factor"])
def test_all_rows_of_a_stock_equal_the_file(
    published: Market, shared_data: Path, start: Start, api: str, code: str
) -> None:
    with gzip.open(shared_data / "stocks" / f"{api}.csv.gz", "rt", encoding="utf-8") as file:
        expected = [row for row in csv.reader(file) if row[0] == code]
    body = {"api_name": api, "token": "t", "params": {"ts_code": code}, "fields": ""}
    items = requests.post(start(published).url, json=body, timeout=5).json()["data"]["items"]

    assert [[str(value) for value in row] for row in reversed(items)] == expected
    assert len(expected) > 10


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no"):
        read_market(tmp_path)


def test_other_files_are_served_with_all_their_columns(tmp_path: Path) -> None:
    (tmp_path / "concepts.csv").write_text("code,name,weight,note\n0007,A,1.50,x\n0008,B,,\n", encoding="utf-8")
    market = read_market(tmp_path)

    frame = answer(market, Rules(), question({"api_name": "concepts"}))

    assert frame.fields == ["code", "name", "weight", "note"]
    assert frame.cells == [['"0007"', '"0008"'], ['"A"', '"B"'], ["1.50", "null"], ['"x"', "null"]]


def test_words_that_only_look_like_numbers_stay_texts(tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("mark\nNaN\n", encoding="utf-8")

    assert answer(read_market(tmp_path), Rules(), question({"api_name": "words"})).cells == [['"NaN"']]
