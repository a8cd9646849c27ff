"""Answers in columns: typed alike on every database, inside a transaction and outside."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from django.db import OperationalError, connection, transaction

from market_data.models import DailyBar, FinaIndicator, TradingDay
from market_data.queries.columns import Question, question, read, read_table
from tests.market_data.builders import DAILY, A, B, store_cells

DAYS = [date(2024, 1, 8), date(2024, 1, 9)]
pytestmark = pytest.mark.django_db(transaction=True)


def closes() -> dict[str, list[Any]]:
    rows = DailyBar.objects.order_by("symbol", "trade_date")
    return read_table(question(rows, "symbol", "trade_date", "close")).to_pydict()


@pytest.mark.parametrize("inside", [True, False])
def test_columns_have_the_types_of_the_model_and_null_for_what_is_not_known(inside: bool) -> None:
    seen = datetime(2024, 1, 9, 1, 2, 3, 456, tzinfo=UTC)
    FinaIndicator.objects.create(symbol=A, end_date=DAYS[0], rest={"x": 1.5}, content="c", first_seen_at=seen)
    TradingDay.objects.create(exchange="SSE", trade_date=DAYS[0], is_open=True)
    if inside:
        with transaction.atomic():
            report, day = _report_and_day()
    else:
        report, day = _report_and_day()
    assert report.to_pylist() == [
        {"symbol": A, "ann_date": None, "eps": None, "rest": '{"x":1.5}', "first_seen_at": seen}
    ]
    assert report.schema.types == [pa.string(), pa.date32(), pa.float64(), pa.string(), pa.timestamp("us", "UTC")]
    assert day.to_pylist() == [{"trade_date": DAYS[0], "is_open": True, "pretrade_date": None}]


def _report_and_day() -> tuple[pa.Table, pa.Table]:
    names = ("symbol", "ann_date", "eps", "rest", "first_seen_at")
    report = read_table(question(FinaIndicator.objects.all(), *names))
    texts = pc.replace_substring(report["rest"], ": ", ":")
    return (
        report.set_column(3, "rest", texts),
        read_table(question(TradingDay.objects.all(), "trade_date", "is_open", "pretrade_date")),
    )


def test_inside_a_transaction_its_own_rows_are_read() -> None:
    store_cells(DAILY, [A], DAYS)
    with transaction.atomic():
        DailyBar.objects.filter(trade_date=DAYS[1]).delete()
        assert closes() == {"symbol": [A], "trade_date": DAYS[:1], "close": [10.5]}
        transaction.set_rollback(True)
    assert closes()["trade_date"] == DAYS


def test_a_reader_that_is_left_half_way_hinders_nobody() -> None:
    store_cells(DAILY, [A, B], DAYS)
    with read(question(DailyBar.objects.all(), "symbol")) as batches:
        assert next(iter(batches)).num_rows
        assert closes()["symbol"] == [A, A, B, B]
    assert closes()["symbol"] == [A, A, B, B]


def test_a_line_that_the_server_cut_is_opened_again() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no lines to cut")
    store_cells(DAILY, [A], DAYS)
    assert len(closes()["symbol"]) == 2
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert len(closes()["symbol"]) == 2


def test_a_question_that_is_none_is_an_error_of_the_database() -> None:
    with pytest.raises(OperationalError):
        read_table(Question("SELECT nothing", [], pa.schema([("nothing", pa.string())])))
