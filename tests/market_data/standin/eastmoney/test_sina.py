"""The packed calendar, read by AkShare's own decoder."""

from datetime import date
from pathlib import Path

import py_mini_racer
import pytest
from akshare.stock.cons import hk_js_decode

from market_data.standin.eastmoney.sina import calendar_script
from tests.market_data.worlds import weekdays


def decoded(script: str) -> list[date]:
    engine = py_mini_racer.MiniRacer()
    engine.eval(hk_js_decode)
    return [date.fromisoformat(text[:10]) for text in engine.call("d", script.split('"')[1])]


@pytest.mark.parametrize(
    "sessions",
    [
        [date(2024, 1, 2)],
        weekdays(date(2024, 1, 1), date(2024, 3, 29)),
        [day for day in weekdays(date(2024, 1, 1), date(2024, 12, 31)) if day.day not in (1, 2, 9, 16)],
        weekdays(date(1990, 12, 19), date(2000, 12, 31)),
    ],
)
def test_the_decoder_finds_the_days_that_were_packed(sessions: list[date]) -> None:
    assert decoded(calendar_script(sessions)) == sessions


def test_the_recorded_calendar_holds_what_is_packed_of_it(shared_data: Path) -> None:
    sessions = decoded((shared_data / "http/sina/klc_td_sh.txt").read_text())
    assert decoded(calendar_script(sessions)) == sessions
    assert len(sessions) > 8000
