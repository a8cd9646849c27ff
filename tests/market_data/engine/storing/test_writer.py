"""What is written, what is kept of what it replaces, and what is left alone."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction

from market_data.engine.ledger import clock
from market_data.engine.storing import writer
from market_data.engine.storing.writer import Counts, stage, upsert
from market_data.models import AdjFactor, DailyBar, Revision, Security, TradingDay
from market_data.queries.versions import versions_of
from tests.market_data.builders import (
    ADJ_FACTOR,
    DAILY,
    OLD_MONDAY,
    STOCK_BASIC,
    SUSPEND_D,
    TRADE_CAL,
    A,
    B,
    C,
    row_of,
    store_cells,
    store_rows,
    table_of,
)

pytestmark = pytest.mark.django_db
TUESDAY = date(2024, 1, 9)


def bar(symbol: str = A, day: date = OLD_MONDAY) -> DailyBar:
    return DailyBar.objects.get(symbol=symbol, trade_date=day)


def test_rows_are_counted_as_inserted_updated_and_unchanged() -> None:
    first = [row_of(DAILY, A, OLD_MONDAY), row_of(DAILY, B, OLD_MONDAY)]
    assert store_rows(DAILY, first) == Counts(inserted=2)
    second = [row_of(DAILY, A, OLD_MONDAY), row_of(DAILY, B, OLD_MONDAY, close=10.6), row_of(DAILY, C, OLD_MONDAY)]
    assert store_rows(DAILY, second) == Counts(1, 1, 1)
    assert store_rows(DAILY, second) == Counts(unchanged=3)


def staged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The datasets whose rows went into the staging table since."""
    names: list[str] = []
    monkeypatch.setattr(
        writer, "stage", lambda c, dataset, payload: (names.append(dataset.name), stage(c, dataset, payload))
    )
    return names


def test_only_rows_of_days_that_have_some_are_staged(monkeypatch: pytest.MonkeyPatch) -> None:
    names = staged(monkeypatch)
    assert store_rows(DAILY, [row_of(DAILY, s, OLD_MONDAY) for s in (B, A)]) == Counts(inserted=2)
    assert store_rows(DAILY, [row_of(DAILY, C, OLD_MONDAY)]) == Counts(inserted=1)
    assert names == []
    assert store_rows(DAILY, [row_of(DAILY, s, OLD_MONDAY) for s in (A, "600004.SH")]) == Counts(
        inserted=1, unchanged=1
    )
    many = [row_of(DAILY, f"{n:06}.SH", OLD_MONDAY) for n in range(writer.SYMBOLS_A_LOOK)]
    assert store_rows(DAILY, [*many, row_of(DAILY, A, OLD_MONDAY)]) == Counts(inserted=len(many), unchanged=1)
    assert names == ["daily"] * 2
    assert set(DailyBar.objects.values_list("provider", flat=True)) == {"tushare"}


def test_more_rows_than_a_statement_takes_are_all_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "VALUES_A_STATEMENT", 30)
    rows = [row_of(DAILY, f"{n:06}.SH", OLD_MONDAY, amount=float(n)) for n in range(7)]
    for counts in (Counts(inserted=7), Counts(unchanged=7)):
        assert store_rows(DAILY, rows) == counts
    assert sorted(DailyBar.objects.values_list("symbol", "amount")) == [(f"{n:06}.SH", 1000.0 * n) for n in range(7)]


def test_a_copy_of_rows_that_another_writer_has_stored_meanwhile_goes_through_staging(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_rows(DAILY, [row_of(DAILY, A, OLD_MONDAY, close=10.25)])
    monkeypatch.setattr(writer, "_is_new", lambda *_: True)
    names = staged(monkeypatch)
    assert store_rows(DAILY, [row_of(DAILY, s, OLD_MONDAY) for s in (A, B)]) == Counts(inserted=1, updated=1)
    assert (names, bar().close, Revision.objects.get().before["close"]) == (["daily"], 10.5, 10.25)


def test_a_change_after_a_store_that_failed_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    store_rows(DAILY, [row_of(DAILY, A, OLD_MONDAY)])
    monkeypatch.setattr(writer, "VALUES_A_STATEMENT", "none")
    monkeypatch.setattr(writer, "COLUMNS_AN_OBJECT", "none")
    with pytest.raises(TypeError):
        upsert(DAILY, table_of(DAILY, [row_of(DAILY, A, OLD_MONDAY, close=10.25)]), clock.now())
    before = versions_of(["daily"])["daily"].within(None, None)
    DailyBar.objects.update(close=1.0)
    assert versions_of(["daily"])["daily"].within(None, None) != before


def test_nothing_is_written_for_an_empty_table() -> None:
    assert store_rows(DAILY, []) == Counts()


def test_two_tables_of_one_transaction_are_counted_apart() -> None:
    with transaction.atomic():
        upsert(DAILY, table_of(DAILY, [row_of(DAILY, A, OLD_MONDAY)]), clock.now())
        counts = upsert(DAILY, table_of(DAILY, [row_of(DAILY, B, OLD_MONDAY)]), clock.now())
    assert counts == Counts(inserted=1)
    assert DailyBar.objects.count() == 2


def test_columns_in_another_order_land_where_they_belong() -> None:
    table = table_of(DAILY, [row_of(DAILY, A, OLD_MONDAY, open=9.5)])
    with transaction.atomic():
        upsert(DAILY, table.select(table.column_names[::-1]), clock.now())
    assert (bar().open, bar().high, bar().volume) == (9.5, 11.0, 100017.0)


def test_what_a_row_was_before_is_kept() -> None:
    store_rows(DAILY, [row_of(DAILY, A, OLD_MONDAY, amount=4182345.222), row_of(DAILY, B, OLD_MONDAY)])
    store_rows(DAILY, [row_of(DAILY, A, OLD_MONDAY, close=10.25), row_of(DAILY, B, OLD_MONDAY)])
    kept = Revision.objects.get()
    assert (kept.dataset, kept.symbol, kept.trade_date) == ("daily", A, OLD_MONDAY)
    assert (kept.before["close"], kept.before["amount"], kept.before["volume"]) == (10.5, 4182345222.0, 100017.0)
    assert set(kept.before) == set(DAILY.columns) - set(DAILY.key)
    assert bar().close == 10.25


def test_each_revision_is_kept() -> None:
    for close in (10.1, 10.2, 10.3):
        store_cells(DAILY, [A], [OLD_MONDAY], close=close)
    assert [r.before["close"] for r in Revision.objects.order_by("id")] == [10.1, 10.2]


def test_a_value_may_come_and_go() -> None:
    for value in (None, 0.5, None):
        store_cells(DAILY, [A], [OLD_MONDAY], change=value)
        assert bar().change == value
    assert [r.before["change"] for r in Revision.objects.order_by("id")] == [None, 0.5]
    assert store_rows(DAILY, [row_of(DAILY, A, OLD_MONDAY, change=None)]) == Counts(unchanged=1)


def test_a_dataset_with_a_single_value_knows_what_changed() -> None:
    store_cells(ADJ_FACTOR, [A], [OLD_MONDAY], adj_factor=1.5)
    assert store_rows(ADJ_FACTOR, [row_of(ADJ_FACTOR, A, OLD_MONDAY, adj_factor=1.5)]) == Counts(unchanged=1)
    assert store_rows(ADJ_FACTOR, [row_of(ADJ_FACTOR, A, OLD_MONDAY, adj_factor=1.6)]) == Counts(updated=1)
    assert AdjFactor.objects.get().adj_factor == 1.6


def test_a_dataset_of_keys_only_is_inserted_once() -> None:
    rows = [row_of(SUSPEND_D, A, OLD_MONDAY), row_of(SUSPEND_D, A, OLD_MONDAY, suspend_timing="09:30-10:00")]
    assert store_rows(SUSPEND_D, rows) == Counts(inserted=2)
    assert store_rows(SUSPEND_D, rows) == Counts(unchanged=2)


def test_a_calendar_day_may_close() -> None:
    day = {"exchange": "SSE", "cal_date": "20240108", "is_open": 1, "pretrade_date": "20240105"}
    store_rows(TRADE_CAL, [day])
    assert store_rows(TRADE_CAL, [day | {"is_open": 0}]) == Counts(updated=1)
    assert TradingDay.objects.get().is_open is False
    assert Revision.objects.get().trade_date == OLD_MONDAY


def test_a_list_names_a_symbol_that_was_inferred() -> None:
    Security.objects.create(symbol=A, inferred=True, list_date=OLD_MONDAY)
    store_rows(STOCK_BASIC, [{"ts_code": A, "name": "浦发银行", "list_date": "19991110"}])
    security = Security.objects.get()
    assert (security.name, security.list_date, security.inferred) == ("浦发银行", date(1999, 11, 10), False)


@pytest.mark.parametrize("text", ['a "quoted", name', "line\nbreak", "\\N", "\\.", "NULL", " ", "'", "万科Ａ"])
def test_a_text_is_stored_as_it_came(text: str) -> None:
    row = {"ts_code": A, "name": text, "list_date": "20200102"}
    store_rows(STOCK_BASIC, [row])
    assert Security.objects.get().name == text
    assert store_rows(STOCK_BASIC, [row]) == Counts(unchanged=1)


@pytest.mark.parametrize("value", [0.1 + 0.2, -0.1 - 0.2, 1e-9, 123456789.123456, 5e-324, 1.7976931348623157e308])
def test_a_double_is_stored_to_the_last_bit(value: float) -> None:
    row = row_of(DAILY, A, OLD_MONDAY, pct_chg=value)
    store_rows(DAILY, [row])
    assert bar().pct_chg == value
    assert store_rows(DAILY, [row]) == Counts(unchanged=1)


def physical_rows() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT symbol, xmin, ctid FROM daily ORDER BY symbol")
        return list(cursor.fetchall())


def test_rows_that_did_not_change_are_not_rewritten() -> None:
    store_cells(DAILY, [A, B], [OLD_MONDAY])
    rows = [row_of(DAILY, A, OLD_MONDAY), row_of(DAILY, B, OLD_MONDAY, close=10.6)]
    if connection.vendor == "postgresql":
        before = physical_rows()
        store_rows(DAILY, rows)
        after = physical_rows()
        assert after[0] == before[0]
        assert after[1] != before[1]
        return
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE rewritten (symbol text)")
        cursor.execute(
            "CREATE TEMP TRIGGER watch AFTER UPDATE ON daily BEGIN INSERT INTO rewritten VALUES (new.symbol); END"
        )
        store_rows(DAILY, rows)
        cursor.execute("SELECT symbol FROM rewritten")
        assert cursor.fetchall() == [(B,)]
        cursor.execute("DROP TRIGGER watch")
        cursor.execute("DROP TABLE rewritten")


def test_rows_are_written_in_the_order_of_their_keys_whatever_order_they_come_in() -> None:
    keys = [(C, TUESDAY), (B, OLD_MONDAY), (A, TUESDAY), (C, OLD_MONDAY), (A, OLD_MONDAY)]
    store_rows(ADJ_FACTOR, [row_of(ADJ_FACTOR, symbol, day) for symbol, day in keys])
    place = "ctid" if connection.vendor == "postgresql" else "rowid"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT symbol, trade_date FROM adj_factor ORDER BY {place}")
        assert [(symbol, str(day)) for symbol, day in cursor.fetchall()] == [(s, str(d)) for s, d in sorted(keys)]
    store_rows(ADJ_FACTOR, [row_of(ADJ_FACTOR, symbol, day, adj_factor=2.0) for symbol, day in keys])
    assert list(Revision.objects.order_by("id").values_list("symbol", "trade_date")) == sorted(keys)


@pytest.mark.django_db(transaction=True)
def test_two_writers_of_the_same_rows_in_opposite_order_both_get_through() -> None:
    days = [date(2020, 1, 1), date(2020, 1, 2), date(2020, 1, 3)]
    keys = [(f"{n:06}.SH", day) for n in range(400) for day in days]
    store_rows(ADJ_FACTOR, [row_of(ADJ_FACTOR, symbol, day, adj_factor=1.0) for symbol, day in keys[::2]])
    together = threading.Barrier(2)

    def write(factor: float, ordered: list[tuple[str, date]]) -> list[Counts]:
        counts = []
        try:
            for turn in range(4):
                value = factor + turn
                table = table_of(ADJ_FACTOR, [row_of(ADJ_FACTOR, s, d, adj_factor=value) for s, d in ordered])
                together.wait(timeout=30)
                with transaction.atomic():
                    counts.append(upsert(ADJ_FACTOR, table, clock.now()))
        finally:
            connection.close()
        return counts

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(write, 10.0, keys), pool.submit(write, 20.0, keys[::-1])]
        counts = [count for future in both for count in future.result()]
    assert sum(count.inserted for count in counts) == len(keys) // 2
    assert Revision.objects.count() == sum(count.updated for count in counts)
    assert set(AdjFactor.objects.values_list("adj_factor", flat=True)) in ({13.0}, {23.0})
