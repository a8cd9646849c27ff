"""What every process pays for: the libraries that `django.setup()` imports."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import stocksync

ROOT = Path(stocksync.__file__).resolve().parents[1]

# Vendors' packages and what makes frames: imported where a provider is asked or a frame is made.
HEAVY = (
    "akshare",
    "apprise",
    "bs4",
    "curl_cffi",
    "exchange_calendars",
    "gunicorn",
    "lxml",
    "numpy",
    "pandas",
    "prometheus_client",
    "psycopg",
    "pyarrow",
    "redis",
    "requests",
    "scipy",
    "tqdm",
    "tushare",
    "yfinance",
)


def imported_by(code: str, folder: Path) -> set[str]:
    """The top-level packages that are there after this code has run in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-c", f"{code}\nimport sys; print(*sys.modules)"]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "stocksync.settings",
        "STOCKSYNC_VAR": str(folder),
        "DATABASE_URL": "",
        "CELERY_BROKER_URL": "",
    }
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in answer.stdout.split()}


SETUP = "import django; django.setup()"
WEB = "import stocksync.wsgi; from django.urls import get_resolver; get_resolver().url_patterns"
CELERY = """
import os; os.environ["CELERY_SKIP_CHECKS"] = "1"
from stocksync.celery import app; app.loader.import_default_modules()
"""


@pytest.mark.parametrize("code", [SETUP, CELERY], ids=["django.setup", "celery"])
def test_no_process_imports_at_its_start_what_few_ever_need(code: str, tmp_path: Path) -> None:
    # The admin's theme looks for the REST framework and PostgreSQL's fields, which bring these two.
    assert imported_by(code, tmp_path) & set(HEAVY) - {"requests", "psycopg"} == set()


def test_the_web_site_makes_no_frames_before_somebody_asks_for_them(tmp_path: Path) -> None:
    # The REST framework brings requests and psycopg with it; gunicorn is what serves it.
    allowed = {"requests", "psycopg", "gunicorn"}
    assert imported_by(WEB, tmp_path) & set(HEAVY) - allowed == set()


def test_the_names_of_the_list_are_those_of_installed_packages() -> None:
    from importlib.util import find_spec

    assert [name for name in HEAVY if name not in ("scipy", "prometheus_client") and find_spec(name) is None] == []
