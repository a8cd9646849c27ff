"""Every setting has a value that is understood, or an error at start that names it."""

import ast
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from environs import EnvError, env

from stocksync import environment
from stocksync.databases import database_from_url
from stocksync.environment import SECRETS, kept_secret_key, read_secret_files

ROOT = Path(environment.__file__).resolve().parents[1]
SETTINGS = ROOT / "stocksync" / "settings.py"


Load = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Load:
    """Load the settings with these variables and no others, in a data folder of their own."""
    monkeypatch.setattr(env, "read_env", lambda *args, **kwargs: True)
    for name in variables():
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("STOCKSYNC_VAR", str(tmp_path))

    def with_variables(**variables: str) -> dict[str, Any]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(SETTINGS))

    return with_variables


def variables() -> set[str]:
    """What settings.py reads from the environment."""
    calls = [node for node in ast.walk(ast.parse(SETTINGS.read_text())) if isinstance(node, ast.Call)]
    readers = [call for call in calls if call.args and re.match(r"(env\.\w+|read)$", ast.unparse(call.func))]
    return {str(call.args[0].value) for call in readers if isinstance(call.args[0], ast.Constant)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "abab" * 20),
        ("PROXIES", "-1"),
        ("SECURE_PROXY_SSL_HEADER", "X Forwarded"),
        ("SECURE_SSL_REDIRECT", "perhaps"),
        ("SECURE_HSTS_SECONDS", "-1"),
        ("WEB_REQUEST_SECONDS", "0"),
        ("WEB_HEAVY_READS", "0"),
        ("WEB_THREADS", "0"),
        ("CACHE_REDIS_URL", "localhost"),
        ("STOCKSYNC_DEMO", "perhaps"),
        ("TUSHARE_TIMEOUT_SECONDS", "0"),
        ("TUSHARE_TIMEOUT_SECONDS", "nan"),
        ("TUSHARE_RATE_LIMIT_MAX_CALLS", "0"),
        ("TUSHARE_RATE_LIMIT_MAX_CALLS", "-5"),
        ("TUSHARE_RATE_LIMIT_MAX_CALLS", "200/min"),
        ("TUSHARE_RATE_LIMIT_MAX_CALLS", "1.5"),
        ("TUSHARE_RATE_LIMIT_WINDOW_SECONDS", "0"),
        ("TUSHARE_RATE_LIMIT_WINDOW_SECONDS", "a minute"),
        ("TUSHARE_DAILY_MAX_CALLS", "-1"),
        ("TUSHARE_ROW_CAPS", "daily=many"),
        pytest.param("TUSHARE_ROW_CAPS", "daily"),
        ("AKSHARE_URL", "127.0.0.1:8000"),
        ("AKSHARE_TIMEOUT_SECONDS", "0"),
        ("AKSHARE_RATE_LIMIT_MAX_CALLS", "0"),
        ("AKSHARE_RATE_LIMIT_WINDOW_SECONDS", "0"),
        ("RATE_LIMIT_RETRY_BASE_SECONDS", "-1"),
        ("RATE_LIMIT_REDIS_URL", "localhost:6379"),
        ("YFINANCE_URL", "localhost"),
        ("YFINANCE_TIMEOUT_SECONDS", "0"),
        ("YFINANCE_RATE_LIMIT_MAX_CALLS", "0"),
        ("YFINANCE_RATE_LIMIT_WINDOW_SECONDS", "0"),
        ("WATCHLIST_REDIS_URL", "http://localhost"),
        ("WATCHLIST_REDIS_EXPIRE_SECONDS", "-1"),
        ("SYNC_DAILY_HISTORY_BATCH_SIZE", "0"),
        ("SYNC_FINANCE_HISTORY_BATCH_SIZE", "0"),
        ("SYNC_INCREMENTAL_MISSING_LIMIT", "-1"),
        ("SYNC_FAILURE_MAX_RETRIES", "-1"),
        ("SYNC_FAILURE_MAX_RETRIES", "three"),
        ("SYNC_TASK_STALE_TIMEOUT_MINUTES", "0"),
        ("SYNC_LEASE_SECONDS", "0"),
        ("SYNC_CONCURRENCY", "0"),
        ("SYNC_RETRY_BASE_SECONDS", "-0.1"),
        ("SYNC_RECHECK_MAX_CALLS", "-1"),
        ("SYNC_DAILY_HISTORY_START_DATE", "2024-01-01"),
        ("SYNC_DAILY_HISTORY_START_DATE", "20240230"),
        ("SYNC_FINANCE_HISTORY_START_DATE", "2020"),
        ("TUSHARE_INTERFACE_LIMITS", "stock_basic=50"),
        pytest.param("DATABASE_URL", "postgresql://localhost:port/x"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("TUSHARE_INTERFACE_LIMITS", "stock_basic=0/60"),
        ("TUSHARE_INTERFACE_LIMITS", "stock_basic=50/0"),
        ("INDEX_DAILY_SYMBOLS", "000300"),
        pytest.param("TUSHARE_ROW_CAPS", "daily=0"),
        pytest.param("TUSHARE_API_URL", "api.tushare.pro"),
        pytest.param("STOCKSYNC_VAR", "/dev/null/var"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_its_variable(load: Load, name: str, value: str) -> None:
    with pytest.raises((EnvError, ImproperlyConfigured, ValueError)) as caught:
        load(**{name: value})
    assert name in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "SECRET_KEY",
        "TUSHARE_API_URL",
        "AKSHARE_URL",
        "YFINANCE_URL",
        "RATE_LIMIT_REDIS_URL",
        "WATCHLIST_REDIS_URL",
        "CACHE_REDIS_URL",
        "NOTIFY_URLS",
        "DATABASE_URL",
        "CELERY_BROKER_URL",
    ],
)
@pytest.mark.parametrize(
    "value", ["pa55word", "ftp://user:pa55word@host/x", "me:pa55word@host:port/x", "postgresql://me:pa55word/@h/x"]
)
def test_what_is_said_of_a_wrong_secret_does_not_show_it(load: Load, name: str, value: str) -> None:
    said = ""
    try:
        load(**{name: value})
    except (EnvError, ImproperlyConfigured, ValueError) as error:  # some take any text
        said = str(error)
    assert "pa55word" not in said


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    code = "import stocksync.settings"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | variables, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("SYNC_CONCURRENCY", "many"), ("DATABASE_URL", "mysql://localhost/x")],
)
def test_at_start_a_wrong_value_is_one_sentence_without_a_traceback(name: str, value: str) -> None:
    ended = start(**{name: value})
    assert ended.returncode == 2
    assert ended.stderr.startswith("Wrong setting: ")
    assert name in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_the_defaults_are_the_documented_ones(load: Load) -> None:
    settings = load()
    assert (settings["TUSHARE_RATE_LIMIT_MAX_CALLS"], settings["TUSHARE_RATE_LIMIT_WINDOW_SECONDS"]) == (195, 60.0)
    assert settings["TUSHARE_API_URL"].startswith("https://")
    assert settings["SYNC_DAILY_HISTORY_START_DATE"] is None
    assert settings["SYNC_FINANCE_HISTORY_START_DATE"] == date(2020, 1, 1)
    assert (settings["SYNC_DAILY_HISTORY_BATCH_SIZE"], settings["SYNC_FINANCE_HISTORY_BATCH_SIZE"]) == (50, 100)
    assert (settings["SYNC_INCREMENTAL_MISSING_LIMIT"], settings["SYNC_FAILURE_MAX_RETRIES"]) == (300, 3)
    assert (settings["SYNC_TASK_STALE_TIMEOUT_MINUTES"], settings["SYNC_LEASE_SECONDS"]) == (10.0, 60.0)


def test_values_are_read_from_the_environment(load: Load) -> None:
    settings = load(
        TUSHARE_RATE_LIMIT_WINDOW_SECONDS="0.5",
        SYNC_TASK_STALE_TIMEOUT_MINUTES="2.5",
        SYNC_DAILY_HISTORY_START_DATE="20100104",
        TUSHARE_INTERFACE_LIMITS="stock_basic=50/60, ths_member=200/60,stock_basic=1/3600",
        TUSHARE_ROW_CAPS="daily=5000",
        INDEX_DAILY_SYMBOLS="000300.SH, 399001.SZ",
        ALLOWED_HOSTS="a.example,b.example",
        TUSHARE_API_URL="",
    )
    assert settings["TUSHARE_RATE_LIMIT_WINDOW_SECONDS"] == 0.5
    assert settings["SYNC_TASK_STALE_TIMEOUT_MINUTES"] == 2.5
    assert settings["SYNC_DAILY_HISTORY_START_DATE"] == date(2010, 1, 4)
    assert settings["TUSHARE_INTERFACE_LIMITS"] == {
        "stock_basic": [(50, 60.0), (1, 3600.0)],
        "ths_member": [(200, 60.0)],
    }
    assert settings["TUSHARE_ROW_CAPS"] == {"daily": 5000}
    assert settings["ALLOWED_HOSTS"] == ["a.example", "b.example"]
    assert settings["INDEX_DAILY_SYMBOLS"] == ["000300.SH", "399001.SZ"]
    assert settings["TUSHARE_API_URL"].startswith("https://")


def test_the_data_folder_is_made(load: Load, tmp_path: Path) -> None:
    settings = load(STOCKSYNC_VAR=str(tmp_path / "deep" / "var"))
    assert (tmp_path / "deep" / "var").is_dir()
    assert settings["DATABASES"]["default"]["NAME"] == str(tmp_path / "deep" / "var" / "stocksync.sqlite3")


def test_a_demonstration_never_uses_the_database_of_real_data(load: Load, tmp_path: Path) -> None:
    settings = load(STOCKSYNC_DEMO="true", DATABASE_URL="postgresql://localhost/real")
    assert settings["DATABASES"]["default"]["NAME"] == str(tmp_path / "demo.sqlite3")


@pytest.mark.parametrize(
    ("variables", "followed"),
    [
        ({}, True),
        ({"STOCKSYNC_DEMO": "auto"}, False),
        ({"STOCKSYNC_DEMO": "false"}, False),
        ({"TUSHARE_TOKEN": "a"}, False),
        ({"DATABASE_URL": "postgresql://localhost/real"}, False),
    ],
)
def test_commands_follow_a_demonstration_until_something_else_is_said(
    load: Load, tmp_path: Path, variables: dict[str, str], followed: bool
) -> None:
    assert not load()["DEMO"]
    (tmp_path / "demonstration").touch()
    settings = load(**variables)
    assert settings["DEMO_FOLLOWED"] == followed
    assert settings["DEMO"] == (followed or variables == {"STOCKSYNC_DEMO": "auto"})


def test_a_postgresql_address_is_taken_apart() -> None:
    url = "postgresql://user:p%40ss@db.example:5433/stocks"
    found = database_from_url(url, Path("/var"), demo=False)
    assert {key: found[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "stocks",
        "USER": "user",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "5433",
    }


@pytest.mark.parametrize(
    ("url", "name"), [("sqlite:////data/x.sqlite3", "/data/x.sqlite3"), ("sqlite:///x.sqlite3", "x.sqlite3")]
)
def test_an_sqlite_address_is_a_path(url: str, name: str) -> None:
    assert database_from_url(url, Path("/var"), demo=False)["NAME"] == name


def test_the_message_about_a_database_does_not_show_its_password() -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        database_from_url("mysql://user:secret@localhost/x", Path("/var"), demo=False)
    assert "secret" not in str(caught.value)


def test_the_secret_key_is_made_once_and_kept_for_its_owner(load: Load, tmp_path: Path) -> None:
    first = kept_secret_key(tmp_path)
    assert len(first) >= 50
    assert kept_secret_key(tmp_path) == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert load(STOCKSYNC_VAR=str(tmp_path))["SECRET_KEY"] == first
    given = "given-by-an-operator-who-has-read-the-manual"
    assert load(SECRET_KEY=given)["SECRET_KEY"] == given


def test_a_secret_key_that_is_just_being_made_is_never_empty(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    assert kept_secret_key(tmp_path)


@pytest.mark.parametrize("document", [".env.example", "README.md"])
def test_every_variable_is_documented(document: str) -> None:
    path = ROOT / document
    if not path.exists():
        pytest.skip(f"there is no {document} yet")
    text = path.read_text(encoding="utf-8")
    assert sorted(name for name in variables() if not re.search(rf"\b{name}\b", text)) == []
    assert len(variables()) > 25


def test_the_example_names_no_variable_that_nobody_reads() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = {line.split("=")[0] for line in lines if "=" in line and not line.startswith("#")}
    assert sorted(named - variables()) == []
    assert all(
        lines[at - 1].startswith("#") or "=" in lines[at - 1] for at, line in enumerate(lines) if "=" in line and at
    )


def test_the_example_can_be_used_as_it_is(load: Load, tmp_path: Path) -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")]
    default = load()
    given = load(**dict(pairs) | {"STOCKSYNC_VAR": str(tmp_path)})
    names = [name for name in variables() if name in default]
    assert {name: given[name] for name in names} == {name: default[name] for name in names}


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "")
        (tmp_path / name).write_text(f"value of {name}\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    monkeypatch.setenv("TUSHARE_TOKEN", "set")
    read_secret_files()
    assert os.environ["SECRET_KEY"] == "value of SECRET_KEY"
    assert os.environ["TUSHARE_TOKEN"] == "set"
    monkeypatch.setenv("SECRET_KEY", "")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(EnvError, match=r"SECRET_KEY_FILE.*cannot be read"):
        read_secret_files()
