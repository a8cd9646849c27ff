import csv
import io
import json
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rest_framework.test import APIClient

from market_data.models import AdjFactor, DailyBar, MovedCode
from tests.market_data.builders import A, B, add_securities

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("slash", ["", "/"])
COLUMNS = "symbol,trade_date,open,high,low,close,pre_close,change,pct_chg,volume,amount"
DAYS = [date(2024, 1, day) for day in (8, 9, 10, 11)]


@pytest.fixture(autouse=True)
def bars(db: None) -> None:
    """Four bars of a stock whose factor doubles on the third day, and a stock that has none."""
    DailyBar.objects.bulk_create(
        [DailyBar(symbol=A, trade_date=day, close=10.5, volume=100.0, amount=None) for day in DAYS]
    )
    AdjFactor.objects.bulk_create(
        [AdjFactor(symbol=A, trade_date=day, adj_factor=1.0 if day < DAYS[2] else 2.0) for day in DAYS]
    )
    add_securities(B)


@BOTH
def test_bars_ascend_by_day(api: APIClient, slash: str) -> None:
    shown = api.get(f"/market-data/bars{slash}?symbol={A}").json()
    assert [bar["trade_date"] for bar in shown] == [day.isoformat() for day in DAYS]
    assert list(shown[0]) == COLUMNS.split(",")
    assert (shown[0]["symbol"], shown[0]["close"], shown[0]["volume"], shown[0]["amount"]) == (A, 10.5, 100.0, None)


@pytest.mark.parametrize(("start", "end"), [("2024-01-09", "2024-01-10"), ("20240109", "20240110")])
def test_a_window_includes_both_its_days(api: APIClient, start: str, end: str) -> None:
    shown = api.get(f"/market-data/bars?symbol={A.lower()}&start={start}&end={end}").json()
    assert [bar["trade_date"] for bar in shown] == ["2024-01-09", "2024-01-10"]


@pytest.mark.parametrize(("adjust", "closes"), [("none", [10.5, 10.5]), ("qfq", [5.25, 10.5]), ("hfq", [10.5, 21.0])])
def test_prices_are_adjusted(api: APIClient, adjust: str, closes: list[float]) -> None:
    shown = api.get(f"/market-data/bars?symbol={A}&adjust={adjust}").json()
    assert [shown[0]["close"], shown[-1]["close"]] == closes


def test_pages_follow_each_other_by_day(api: APIClient) -> None:
    seen, url = [], f"/market-data/bars?symbol={A}&limit=3"
    while url:
        answer = api.get(url)
        seen.append([bar["trade_date"] for bar in answer.json()])
        url = answer.headers.get("Link", "").partition("<")[2].partition(">")[0]
    assert seen == [[day.isoformat() for day in DAYS[:3]], [DAYS[3].isoformat()]]


def test_pages_go_on_from_one_symbol_to_the_next(api: APIClient) -> None:
    DailyBar.objects.bulk_create([DailyBar(symbol=B, trade_date=day, close=1.0) for day in DAYS[:3]])
    seen, url = [], f"/market-data/bars?symbol={B},{A}&start=2024-01-09&limit=2"
    while url:
        answer = api.get(url)
        seen.append([(bar["symbol"], bar["trade_date"][-2:]) for bar in answer.json()])
        url = answer.headers.get("Link", "").partition("<")[2].partition(">")[0]
    assert seen == [[(A, "09"), (A, "10")], [(A, "11"), (B, "09")], [(B, "10")]]


@pytest.mark.parametrize(("freq", "dates"), [("weekly", ["2024-01-11"]), ("monthly", ["2024-01-11"]), ("daily", None)])
def test_bars_come_by_week_and_month(api: APIClient, freq: str, dates: list[str] | None) -> None:
    shown = api.get(f"/market-data/bars?symbol={A}&freq={freq}&adjust=hfq").json()
    assert [bar["trade_date"] for bar in shown] == (dates or [day.isoformat() for day in DAYS])
    assert list(shown[0]) == COLUMNS.split(",")
    assert shown[-1]["close"] == 21.0
    assert shown[-1]["volume"] == (400.0 if dates else 100.0)


def test_pages_of_weeks_follow_each_other(api: APIClient) -> None:
    DailyBar.objects.create(symbol=A, trade_date=date(2024, 1, 17), close=11.0)
    first = api.get(f"/market-data/bars?symbol={A}&freq=weekly&limit=1")
    following = api.get(first.headers["Link"].partition("<")[2].partition(">")[0])
    shown = [(bar["trade_date"], bar["close"]) for bar in [*first.json(), *following.json()]]
    assert shown == [("2024-01-11", 10.5), ("2024-01-17", 11.0)]
    assert following.json()[0]["pct_chg"] == pytest.approx(100 * (11 / 10.5 - 1))
    assert "Link" not in following.headers


def test_a_code_that_moved_is_found_under_either(api: APIClient) -> None:
    MovedCode.objects.create(old_symbol="838163.BJ", new_symbol="920163.BJ")
    DailyBar.objects.create(symbol="838163.BJ", trade_date=DAYS[0], close=9.0)
    for code in ("838163.BJ", "920163.BJ"):
        assert [(bar["symbol"], bar["close"]) for bar in api.get(f"/market-data/bars?symbol={code}").json()] == [
            ("920163.BJ", 9.0)
        ]
    add_securities("920164.BJ")
    MovedCode.objects.create(old_symbol="838164.BJ", new_symbol="920164.BJ")
    assert api.get("/market-data/bars?symbol=838164.BJ").json() == []


def test_several_symbols_come_as_csv(api: APIClient) -> None:
    text = b"".join(api.get(f"/market-data/bars?symbol={A},{B}&freq=monthly&format=csv").streaming_content).decode()
    assert text.splitlines()[1].startswith(f"{A},2024-01-11,")


def test_a_full_last_page_leads_nowhere(api: APIClient) -> None:
    assert "Link" not in api.get(f"/market-data/bars?symbol={A}&limit=4").headers


@pytest.mark.parametrize(("query", "headers"), [("&format=csv", {}), ("", {"Accept": "text/csv"})])
def test_bars_come_as_csv(api: APIClient, query: str, headers: dict[str, str]) -> None:
    answer = api.get(f"/market-data/bars?symbol={A}{query}", headers=headers)
    assert answer.headers["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode()
    assert text.splitlines()[0] == COLUMNS
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 4
    assert (rows[0]["trade_date"], rows[0]["close"], rows[0]["amount"]) == ("2024-01-08", "10.5", "")


def test_a_known_stock_without_bars_has_an_empty_list(api: APIClient) -> None:
    assert api.get(f"/market-data/bars?symbol={B}").json() == []
    assert api.get(f"/market-data/bars?symbol={A}&start=2025-01-01").json() == []


def test_an_unknown_stock_is_not_found(api: APIClient) -> None:
    answer = api.get("/market-data/bars?symbol=999999.SH")
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "There is no stock 999999.SH.")
    answer = api.get(f"/market-data/bars?symbol=888888.SH,{A},999999.SH,{B}")
    assert answer.json()["error"]["message"] == "There is no stock 888888.SH, 999999.SH."


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "symbol"),
        ("symbol=", "symbol"),
        (f"symbol={A}&trade_date=2024-01-08&start=2024-01-01", "trade_date"),
        (f"symbol={A}&adjust_to=2024-01-08", "adjust_to"),
        ("symbol=a b", "symbol"),
        ("symbol=%00", "symbol"),
        (f"symbol={'x' * 17}", "symbol"),
        (f"symbol={A}&start=2024-13-01", "start"),
        (f"symbol={A}&start=yesterday", "start"),
        (f"symbol={A}&end=20240230", "end"),
        (f"symbol={A}&start=2024-02-01&end=2024-01-01", "start"),
        (f"symbol={A}&adjust=sideways", "adjust"),
        (f"symbol={A}&limit=0", "limit"),
        (f"symbol={A}&limit=10001", "limit"),
        (f"symbol={A},,{B}", "symbol"),
        (f"symbol={A},", "symbol"),
        (f"symbol={','.join(f'{n:06}.SH' for n in range(101))}", "symbol"),
        (f"symbol={A}&freq=hourly", "freq"),
        (f"symbol={A}&after={A}", "after"),
        (f"symbol={A}&after={A},2024-02-30", "after"),
        (f"symbol={A}&after={A},9999-12-31", "after"),
    ],
)
@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_wrong_question_is_refused_in_json(api: APIClient, query: str, field: str, form: str) -> None:
    answer = api.get(f"/market-data/bars?{query}&format={form}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert answer.headers["Content-Type"] == "application/json"


def test_a_format_that_is_none_is_refused(api: APIClient) -> None:
    answer = api.get(f"/market-data/bars?symbol={A}&format=xls")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert api.get(f"/market-data/bars?symbol={A}", headers={"Accept": "image/png"}).status_code == 406


def test_the_whole_market_comes_in_pages_in_the_order_of_symbols(api: APIClient) -> None:
    MovedCode.objects.create(old_symbol="838163.BJ", new_symbol="920163.BJ")
    for code, day in (("838163.BJ", DAYS[0]), ("920163.BJ", DAYS[1]), ("999999.SZ", DAYS[0])):
        DailyBar.objects.create(symbol=code, trade_date=day, close=9.0)
    every = [(A, day.isoformat()) for day in DAYS]
    every += [("920163.BJ", "2024-01-08"), ("920163.BJ", "2024-01-09"), ("999999.SZ", "2024-01-08")]
    for window in ("&start=1990-01-01", "&start=2024-01-08&end=2024-01-11"):
        seen, url = [], f"/market-data/bars?limit=2{window}"
        while url:
            answer = api.get(url)
            seen += [(bar["symbol"], bar["trade_date"]) for bar in answer.json()]
            url = answer.headers.get("Link", "").partition("<")[2].partition(">")[0]
        assert seen == every
        whole = read_stream(api.get(f"/market-data/bars?format=arrow{window}"))
        assert list(zip(whole["symbol"].to_pylist(), map(str, whole["trade_date"].to_pylist()), strict=True)) == every


def test_one_day_of_the_market(api: APIClient) -> None:
    DailyBar.objects.create(symbol=B, trade_date=DAYS[1], close=9.0)
    shown = api.get("/market-data/bars?trade_date=20240109&adjust=qfq").json()
    assert [(bar["symbol"], bar["close"]) for bar in shown] == [(A, 5.25), (B, None)]


def read_stream(answer: Any) -> pa.Table:
    return pa.ipc.open_stream(b"".join(answer.streaming_content)).read_all()


def test_an_arrow_stream_has_the_columns_of_the_json_with_types(api: APIClient) -> None:
    answer = api.get(f"/market-data/bars?symbol={A}&adjust=hfq&format=arrow")
    assert answer.headers["Content-Type"] == "application/vnd.apache.arrow.stream"
    table = read_stream(answer)
    rows = api.get(f"/market-data/bars?symbol={A}&adjust=hfq").json()
    assert [row | {"trade_date": str(row["trade_date"])} for row in table.to_pylist()] == rows
    assert table.schema.types == [pa.string(), pa.date32(), *[pa.float64()] * 9]


def test_parquet_and_csv_come_whole(api: APIClient) -> None:
    answer = api.get("/market-data/bars?start=2024-01-01", headers={"Accept": "application/vnd.apache.parquet"})
    assert pq.read_table(io.BytesIO(b"".join(answer.streaming_content))).num_rows == 4
    text = b"".join(api.get("/market-data/bars?start=20240101&format=csv").streaming_content).decode()
    assert len(text.splitlines()) == 5


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_answers_are_packed_for_who_can_unpack(api: APIClient, packing: str) -> None:
    plain = b"".join(api.get("/market-data/bars?start=20240101&format=csv").streaming_content)
    answer = api.get("/market-data/bars?start=20240101&format=csv", headers={"Accept-Encoding": f"br, {packing}"})
    assert answer.headers["Content-Encoding"] == packing
    body = b"".join(answer.streaming_content)
    assert pa.CompressedInputStream(pa.BufferReader(body), packing).read() == plain
    DailyBar.objects.bulk_create([DailyBar(symbol=B, trade_date=day, close=1.0) for day in DAYS])
    page = api.get("/market-data/bars?start=2024-01-01", headers={"Accept-Encoding": packing})
    assert json.loads(pa.CompressedInputStream(pa.BufferReader(page.content), packing).read())[0]["symbol"] == A


def test_nothing_is_sent_again_while_nothing_changed(api: APIClient) -> None:
    url = f"/market-data/bars?symbol={A}&adjust=qfq&start=2024-01-10"
    tag = api.get(url).headers["ETag"]
    assert api.get(url, headers={"If-None-Match": tag}).status_code == 304
    other = api.get(f"{url}&format=csv", headers={"If-None-Match": tag})
    other.getvalue()
    assert other.status_code == 200
    AdjFactor.objects.filter(trade_date=DAYS[-1]).update(adj_factor=4.0)
    answer = api.get(url, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()[0]["close"]) == (200, 5.25)


def test_filled_factors_are_told_where_it_is_asked_for(api: APIClient) -> None:
    AdjFactor.objects.filter(trade_date=DAYS[1]).delete()
    shown = api.get(f"/market-data/bars?symbol={A}&adjust=hfq&factor_filled=true").json()
    assert [bar["factor_filled"] for bar in shown] == [False, True, False, False]


def test_forward_adjusted_prices_can_refer_to_a_day(api: APIClient) -> None:
    shown = api.get(f"/market-data/bars?symbol={A}&adjust=qfq&adjust_to=2024-01-09").json()
    assert [shown[0]["close"], shown[-1]["close"]] == [10.5, 21.0]
