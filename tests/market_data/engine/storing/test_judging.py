"""The rules by which answers are believed, as a table."""

import pytest

from market_data.datasets import DATASETS
from market_data.engine.storing.judging import Answered, Question, Verdict, judge

DAILY, SUSPEND_D, STOCK_BASIC = DATASETS["daily"], DATASETS["suspend_d"], DATASETS["stock_basic"]
BELIEVED, DIFFERENTLY, SUSPECT = Verdict.BELIEVED, Verdict.ASK_DIFFERENTLY, Verdict.SUSPECT
CAP = 6000


@pytest.mark.parametrize(
    ("shape", "expected", "answered", "verdict", "cut_at"),
    [
        ("date", 5400, Answered(5400, 5400), BELIEVED, 0),
        ("date", 5400, Answered(5399, 5399), BELIEVED, 0),
        ("date", 5400, Answered(3778, 3778), BELIEVED, 0),
        ("date", 5400, Answered(3777, 3777), DIFFERENTLY, 3777),
        ("date", 5400, Answered(1468, 1468), DIFFERENTLY, 1468),
        ("date", 5400, Answered(5000, 5000), DIFFERENTLY, 5000),
        ("date", 5400, Answered(5400, 5400, has_more=True), DIFFERENTLY, 5400),
        ("date", 5400, Answered(0, 0), SUSPECT, 0),
        ("date", 9000, Answered(6000, 6000), DIFFERENTLY, 6000),
        ("date", 6000, Answered(5999, 5999), BELIEVED, 0),
        ("date", 3, Answered(1, 1), BELIEVED, 0),
        ("date", 3, Answered(0, 0), SUSPECT, 0),
        ("date", 2, Answered(0, 0), BELIEVED, 0),
        ("symbols", 5400, Answered(0, 0), BELIEVED, 0),
        ("symbols", 5400, Answered(1234, 1234), BELIEVED, 0),
        ("symbols", 5400, Answered(1234, 1234, seen_short=1), DIFFERENTLY, 1234),
        ("symbols", 5400, Answered(5000, 5000), DIFFERENTLY, 5000),
        ("symbols", 5000, Answered(5000, 5000), BELIEVED, 0),
        ("symbols", 40, Answered(12, 12, seen_short=3), BELIEVED, 0),
        ("symbols", 40, Answered(19, 19, seen_short=3), BELIEVED, 0),
        ("symbols", 40, Answered(20, 20, seen_short=3), DIFFERENTLY, 20),
        ("symbols", 5400, Answered(3778, 3778, seen_short=1), BELIEVED, 0),
    ],
)
def test_what_is_expected_each_day(
    shape: str, expected: int, answered: Answered, verdict: Verdict, cut_at: int
) -> None:
    found = judge(DAILY, Question(shape, CAP, expected), answered)
    assert (found.verdict, found.cap) == (verdict, cut_at)


@pytest.mark.parametrize(
    ("usual", "rows", "verdict"),
    [
        (0, 0, BELIEVED),
        (5.9, 0, BELIEVED),
        (6, 0, SUSPECT),
        (60, 5, SUSPECT),
        (60, 6, BELIEVED),
        (600, 500, DIFFERENTLY),
    ],
)
def test_events_are_measured_by_what_is_usual(usual: float, rows: int, verdict: Verdict) -> None:
    assert judge(SUSPEND_D, Question("range", 5000, usual=usual), Answered(rows)).verdict == verdict


@pytest.mark.parametrize(
    ("least", "before", "rows", "verdict"),
    [
        (0, 0, 0, BELIEVED),
        (1, 0, 0, SUSPECT),
        (1, 0, 1, BELIEVED),
        (0, 5400, 0, SUSPECT),
        (0, 5400, 4857, SUSPECT),
        (0, 5400, 4858, BELIEVED),
        (0, 5400, 5500, BELIEVED),
        (0, 0, CAP, DIFFERENTLY),
    ],
)
def test_lists_are_measured_by_what_they_had(least: int, before: int, rows: int, verdict: Verdict) -> None:
    assert judge(STOCK_BASIC, Question("whole", CAP, least=least, before=before), Answered(rows)).verdict == verdict


def test_pages_have_no_cap() -> None:
    assert judge(STOCK_BASIC, Question("whole", CAP, is_paged=True), Answered(CAP)).verdict == BELIEVED


def test_what_cannot_be_asked_in_parts_is_not() -> None:
    found = judge(DAILY, Question("date", CAP, 5400, can_narrow=False), Answered(1468, 1468))
    assert (found.verdict, found.cap) == (SUSPECT, 0)
