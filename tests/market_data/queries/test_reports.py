"""Which version of a report counts, today and on a day of the past."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from market_data.datasets import DATASETS
from market_data.models import FinaIndicator, IncomeStatement
from market_data.queries.reports import as_of, current

pytestmark = pytest.mark.django_db
FINA, INCOME = DATASETS["fina_indicator"], DATASETS["income"]
A, B = "600000.SH", "600001.SH"
YEAR, SPRING = date(2023, 12, 31), date(2024, 3, 31)
APRIL, MAY, JUNE = date(2024, 4, 20), date(2024, 5, 20), date(2024, 6, 20)
FIRST_SYNC = datetime(2024, 6, 1, 12, tzinfo=UTC)


def add(eps: float, ann_date: date | None = APRIL, **fields: Any) -> None:
    defaults: dict[str, Any] = {"symbol": A, "end_date": YEAR, "update_flag": "0", "first_seen_at": FIRST_SYNC}
    number = FinaIndicator.objects.count()
    FinaIndicator.objects.create(**defaults | {"eps": eps, "ann_date": ann_date, "content": str(number)} | fields)


def eps_of(rows: Any) -> list[float]:
    return [row.eps for row in rows]


def test_an_updated_version_is_the_current_one() -> None:
    add(1.0)
    add(1.1, update_flag="1")
    add(2.0, symbol=B)
    add(3.0, end_date=SPRING)
    assert [(r.symbol, r.end_date, r.eps) for r in current(FINA)] == [(A, YEAR, 1.1), (A, SPRING, 3.0), (B, YEAR, 2.0)]
    assert eps_of(current(FINA, [B])) == [2.0]


def test_of_equal_flags_the_later_announcement_counts_unless_it_precedes_the_period() -> None:
    add(1.0)
    add(1.2, MAY)
    assert eps_of(current(FINA)) == [1.2]
    add(9.0, date(2023, 12, 30), symbol=B)
    add(2.0, date(2024, 1, 31), symbol=B)
    assert eps_of(current(FINA, [B])) == [2.0]


def test_twins_are_one_current_row_and_the_fuller_one_counts() -> None:
    add(1.0, rest={"roic": 1.5})
    add(1.0, rest={"roic": 1.5, "fcff": 3.5})
    add(1.0, rest={})
    (row,) = current(FINA)
    assert row.rest == {"roic": 1.5, "fcff": 3.5}


def test_a_day_sees_what_was_announced_by_then() -> None:
    add(1.0)
    add(3.0, MAY, end_date=SPRING)
    assert eps_of(as_of(FINA, APRIL - timedelta(days=1))) == []
    assert eps_of(as_of(FINA, APRIL)) == [1.0]
    assert eps_of(as_of(FINA, MAY)) == [1.0, 3.0]


def test_an_update_counts_from_the_day_it_was_first_seen() -> None:
    add(1.0)
    add(1.1, update_flag="1", first_seen_at=datetime(2024, 6, 19, 17, tzinfo=UTC))
    assert eps_of(as_of(FINA, date(2024, 6, 19))) == [1.0]
    assert eps_of(as_of(FINA, JUNE)) == [1.1]  # 17:00 in UTC is the next day in Shanghai


def test_an_update_that_stands_alone_counts_from_its_announcement() -> None:
    add(1.1, update_flag="1")
    assert eps_of(as_of(FINA, APRIL)) == [1.1]


def test_a_restatement_with_an_announcement_of_its_own_counts_from_that() -> None:
    add(1.0)
    add(1.3, MAY, update_flag="1")
    assert eps_of(as_of(FINA, MAY - timedelta(days=1))) == [1.0]
    assert eps_of(as_of(FINA, MAY)) == [1.3]


def test_a_version_without_announcement_counts_from_when_it_was_seen() -> None:
    add(1.0, None)
    assert eps_of(as_of(FINA, date(2024, 5, 31))) == []
    assert eps_of(as_of(FINA, date(2024, 6, 1))) == [1.0]


def test_a_report_announced_before_its_period_ended_is_not_known_before_that() -> None:
    add(1.0, date(2023, 11, 1))
    assert eps_of(as_of(FINA, date(2023, 12, 30))) == []
    assert eps_of(as_of(FINA, YEAR)) == [1.0]


def test_statements_are_known_from_their_real_announcement_and_differ_by_kind() -> None:
    for kind, income, announced in (("1", 5.0, MAY), ("4", 6.0, APRIL)):
        IncomeStatement.objects.create(
            symbol=A,
            end_date=YEAR,
            ann_date=APRIL,
            f_ann_date=announced,
            report_type=kind,
            n_income=income,
            content=kind,
            first_seen_at=FIRST_SYNC,
        )
    assert [row.n_income for row in current(INCOME)] == [5.0, 6.0]
    assert [row.n_income for row in as_of(INCOME, APRIL)] == [6.0]
