"""The command: one line, then silence until it is told to stop."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from django.conf import settings

COMMAND = [sys.executable, "manage.py", "tushare_standin"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_cleanly(tmp_path: Path, stop: signal.Signals) -> None:
    log = tmp_path / "calls.jsonl"
    options = ["--stocks", "3", "--days", "2", "--end", "20240105", "--log", str(log), "--quota", "1/60"]
    options += ["--cap", "daily=2", "--fault", "reset=0", "--late", "20240104", "--latency", "0.01"]
    server = subprocess.Popen(
        [*COMMAND, *options], cwd=settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    url = server.stdout.readline().removeprefix("listening on ").strip()
    body = {"api_name": "daily", "token": "t", "params": {"start_date": "20240101"}, "fields": ""}
    answers = [requests.post(url, json=body, timeout=5).json() for _ in range(2)]
    rules = requests.get(f"{url}/standin/rules", timeout=5).json()
    server.send_signal(stop)
    output, errors = server.communicate(timeout=10)

    assert (server.returncode, output, errors) == (0, "", "")
    assert [answer["code"] for answer in answers] == [0, 40203]
    assert len(answers[0]["data"]["items"]) == 2
    assert (rules["cap"], rules["late"], rules["fault"], rules["latency"]) == (
        {"daily": 2},
        ["20240104"],
        {"reset": 0},
        0.01,
    )
    assert [json.loads(line)["outcome"] for line in log.read_text().splitlines()] == ["ok", "quota"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--stocks", "3", "--quota", "60"], "'60' is not written calls/seconds"),
        (["--stocks", "3", "--end", "19901220"], "trading days up to"),
        (["--data", "no-such-folder"], "holds no .csv"),
        ([], "one of the arguments --data --stocks is required"),
    ],
)
def test_wrong_options_are_told_in_a_sentence(options: list[str], message: str) -> None:
    ran = subprocess.run([*COMMAND, *options], cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=30)

    assert ran.returncode != 0
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr


def test_it_needs_no_django_but_for_the_command() -> None:
    code = "import sys, market_data.standin.tushare.server; sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=settings.BASE_DIR).returncode == 0
