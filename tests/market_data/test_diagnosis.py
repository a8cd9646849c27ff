"""What is told of an installation, right and wrong."""

import json
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core import checks as system_checks
from django.db import OperationalError

from market_data import diagnosis
from market_data.diagnosis import examine
from market_data.engine.ledger import clock
from tests.market_data.builders import add_calendar

pytestmark = pytest.mark.django_db(transaction=True)


class Tushare(HTTPServer):
    """Answers every call with `reply`."""

    reply: dict[str, Any] = {"code": 0, "msg": "", "data": {"fields": ["cal_date"], "items": [["20240102"]]}}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        content = json.dumps(self.server.reply).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        pass


@pytest.fixture(autouse=True)
def tushare(settings: Any) -> Iterator[Tushare]:
    with Tushare(("127.0.0.1", 0), Handler) as server:
        settings.TUSHARE_API_URL = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def told(name: str) -> tuple[str, str]:
    check = next(check for check in examine() if check["name"] == name)
    return check["status"], check["message"]


def test_a_working_installation_is_right_in_everything(settings: Any) -> None:
    today = clock.today()
    add_calendar(today - timedelta(days=7), today + timedelta(days=40))
    assert {check["name"]: check["status"] for check in examine()} == {
        "settings": "ok",
        "database": "ok",
        "provider": "ok",
        "calendar": "ok",
    }
    assert settings.TUSHARE_TOKEN not in json.dumps(examine())


@pytest.mark.parametrize(
    ("reply", "status", "part"),
    [
        ({"code": 40101, "msg": "您的token不对，请确认。"}, "fail", "token"),
        ({"code": 40204, "msg": "您的IP数量超限，最大数量为2个！"}, "fail", "IP"),
        ({"code": 40203, "msg": "抱歉，您没有接口(trade_cal)访问权限"}, "warn", "library"),
        ({"code": 40203, "msg": "抱歉，您每小时最多访问该接口1次"}, "fail", "每小时"),
        ({"code": -1, "msg": "系统内部错误"}, "fail", "系统内部错误"),
    ],
)
def test_what_the_provider_says_is_told(tushare: Tushare, reply: dict[str, Any], status: str, part: str) -> None:
    tushare.reply = reply
    found, message = told("provider")
    assert found == status
    assert part in message


def test_a_provider_that_does_not_answer_fails(settings: Any) -> None:
    settings.TUSHARE_API_URL = "http://127.0.0.1:9"
    status, message = told("provider")
    assert (status, "does not answer" in message) == ("fail", True)


def test_a_missing_token_is_named(settings: Any) -> None:
    settings.TUSHARE_TOKEN = ""
    status, message = told("provider")
    assert (status, "TUSHARE_TOKEN" in message) == ("fail", True)


def test_a_calendar_that_is_not_there_is_a_warning() -> None:
    status, message = told("calendar")
    assert (status, "sync trade_cal" in message) == ("warn", True)


def test_a_calendar_that_ends_soon_fails_with_its_last_day() -> None:
    last = clock.today() + timedelta(days=diagnosis.HORIZON_DAYS - 1)
    add_calendar(date(last.year, last.month, 1), last)
    status, message = told("calendar")
    assert (status, f"{last:%Y%m%d}" in message) == ("fail", True)


def test_a_database_that_is_away_fails_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: Any) -> None:
        raise OperationalError("connection refused\n\tIs the server running?")

    monkeypatch.setattr(diagnosis, "MigrationExecutor", gone)
    status, message = told("database")
    assert (status, message) == (
        "fail",
        "The database cannot be used: connection refused Is the server running?",
    )


def test_errors_of_the_settings_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [system_checks.Error("X is wrong", id="x.E001"), system_checks.Warning("Y is odd", id="x.W001")]
    monkeypatch.setattr(system_checks, "run_checks", lambda: found)
    assert told("settings") == ("fail", "X is wrong")
