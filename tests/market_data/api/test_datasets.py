"""What there is, and the rows of every dataset."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from rest_framework.test import APIClient

from market_data.datasets import DATASETS
from market_data.models import FinaIndicator, Partition
from tests.market_data.builders import DAILY, SUSPEND_D, A, B, shanghai, store_cells, suspend
from tests.rest_clients import person, program_of

pytestmark = pytest.mark.django_db
SEEN = shanghai("2024-01-09 18:00")
DAYS = [date(2024, 1, 8), date(2024, 1, 9)]


def pages(api: APIClient, url: str) -> list[list[dict[str, Any]]]:
    seen = []
    while url:
        answer = api.get(url)
        assert answer.status_code == 200, answer.content
        seen.append(answer.json())
        url = answer.headers.get("Link", "").partition("<")[2].partition(">")[0]
    return seen


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_dataset_tells_its_columns_and_how_fresh_it_is(api: APIClient, slash: str) -> None:
    store_cells(DAILY, [A], DAYS)
    Partition.objects.create(
        dataset="daily", trade_date=DAYS[0], state="complete", answered_at=shanghai("2024-01-08 18:00")
    )
    shown = {entry["name"]: entry for entry in api.get(f"/market-data/datasets{slash}").json()}
    assert list(shown) == list(DATASETS)
    assert (shown["daily"]["last_day"], shown["daily"]["complete_until"]) == ("2024-01-09", "2024-01-08")
    volume = next(column for column in shown["daily"]["columns"] if column["name"] == "volume")
    assert (volume["unit"], volume["source"], volume["scale"]) == ("shares", "vol", 100)


@pytest.mark.parametrize("name", list(DATASETS))
@pytest.mark.parametrize("form", ["json", "csv", "parquet", "arrow"])
def test_every_dataset_has_rows_in_every_format(api: APIClient, name: str, form: str) -> None:
    assert api.get(f"/market-data/datasets/{name}/rows?format={form}").status_code == 200


def test_rows_come_in_pages_by_key(api: APIClient) -> None:
    for symbol in (A, B):
        suspend(symbol, DAYS[0])
        suspend(symbol, DAYS[1], "09:30-10:00")
    found = pages(api, "/market-data/datasets/suspend_d/rows?limit=3&fields=symbol,trade_date")
    keys = [[(row["symbol"], row["trade_date"]) for row in page] for page in found]
    assert keys == [[(A, "2024-01-08"), (A, "2024-01-09"), (B, "2024-01-08")], [(B, "2024-01-09")]]
    assert list(api.get("/market-data/datasets/suspend_d/rows").json()[0]) == [f.name for f in SUSPEND_D.fields]


def test_fields_of_reports_that_have_no_column_are_there_too(api: APIClient) -> None:
    rest = DATASETS["fina_indicator"].other_fields
    assert rest is not None
    name = next(name for name in rest.names if name not in rest.texts)
    FinaIndicator.objects.create(
        symbol=A, end_date=DAYS[0], rest={name: 2.5}, content="c", first_seen_at=shanghai("2024-01-09 18:00")
    )
    url = f"/market-data/datasets/fina_indicator/rows?symbols={A}&start=2024-01-01&fields=symbol,{name}"
    assert api.get(url).json() == [{"symbol": A, name: 2.5}]
    stream = b"".join(api.get(f"{url}&format=arrow").streaming_content)
    assert pa.ipc.open_stream(stream).read_all().to_pylist() == [{"symbol": A, name: 2.5}]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("daily/rows?fields=closed", "fields"),
        ("daily/rows?start=2024-02-01&end=2024-01-01", "start"),
        ("daily/rows?symbols=a b", "symbols"),
        ("daily/rows?after=x", "after"),
        ("daily/rows?after=WyJhIiwgImIiXQ==", "after"),
        ("daily/rows?limit=0", "limit"),
        ("daily/rows?start=", "start"),
        ("daily/rows?symbols=", "symbols"),
        ("trade_cal/rows?symbols=600000.SH", "symbols"),
        ("stock_basic/rows?start=20240101", "start"),
    ],
)
def test_a_wrong_question_is_refused_with_the_field(api: APIClient, path: str, field: str) -> None:
    answer = api.get(f"/market-data/datasets/{path}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)


def test_a_dataset_that_is_none_is_not_found(api: APIClient) -> None:
    assert api.get("/market-data/datasets/closes/rows").status_code == 404


def test_rows_need_the_permission_of_their_table() -> None:
    api = program_of(person("market_data.view_partition"))
    assert api.get("/market-data/datasets").status_code == 200
    assert api.get("/market-data/datasets/daily/rows").status_code == 403


def test_nothing_is_sent_again_while_the_years_of_the_window_did_not_change(api: APIClient) -> None:
    store_cells(DAILY, [A], [date(2023, 5, 5), DAYS[0]])
    url = "/market-data/datasets/daily/rows?start=2024-01-01"
    tag = api.get(url).headers["ETag"]
    store_cells(DAILY, [A], [date(2023, 5, 8)])
    assert api.get(url, headers={"If-None-Match": tag}).status_code == 304
    store_cells(DAILY, [A], [DAYS[1]])
    assert api.get(url, headers={"If-None-Match": tag}).status_code == 200
