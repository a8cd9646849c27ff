"""What the manual says of a server is true."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client

import stocksync
from market_data.api import bounds
from stocksync.web.sign_in import WRONG_TOKENS

ROOT = Path(stocksync.__file__).resolve().parents[1]
MANUAL = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")


def documented() -> dict[str, str]:
    pairs = dict(re.findall(r"^([A-Z_]+)=(.*)$", MANUAL, re.MULTILINE))
    return {**pairs, "SECRET_KEY": "".join(map(chr, range(48, 110)))}


def check(folder: Path, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    clean = {name: value for name, value in os.environ.items() if name not in documented()}
    environment = {**clean, "STOCKSYNC_VAR": str(folder / "var"), **variables}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_the_check_of_a_deployment_finds_nothing_with_the_documented_settings(tmp_path: Path) -> None:
    ended = check(tmp_path, documented())
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        ("SECURE_SSL_REDIRECT", "SECURE_SSL_REDIRECT"),
        ("SECURE_COOKIES", "SESSION_COOKIE_SECURE"),
        ("SECURE_HSTS_SECONDS", "SECURE_HSTS_SECONDS"),
    ],
)
def test_it_names_what_is_left_out(tmp_path: Path, left_out: str, named: str) -> None:
    ended = check(tmp_path, {name: value for name, value in documented().items() if name != left_out})
    assert ended.returncode == 1
    assert named in ended.stderr


def test_behind_tls_programs_of_the_same_host_ask_how_it_is_without_the_proxy(db: None, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    client = Client(headers={"host": "127.0.0.1"})
    assert client.get("/admin/").headers["Location"].startswith("https://")
    assert client.get("/healthz").status_code == 200
    assert "Location" not in client.get("/readyz").headers
    assert client.get("/metrics").status_code == 200


def test_on_one_machine_nothing_asks_for_tls() -> None:
    names = ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS")
    assert not any(getattr(project, name) for name in names)
    assert project.SECURE_PROXY_SSL_HEADER is None


def test_the_bounds_are_the_documented_ones() -> None:
    for figure in (bounds.MOST_SYMBOLS, bounds.MOST_DAYS, bounds.MOST_CELLS, bounds.MOST_REPORTS, WRONG_TOKENS):
        assert f"{figure:,}" in MANUAL
    assert project.AXES_FAILURE_LIMIT == 10


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/admin/login/", "/docs", "/admin/"])
def test_a_page_lets_nothing_in_from_elsewhere(client: Client, page: str) -> None:
    policy = client.get(page).headers["Content-Security-Policy"]
    directives = {line.split()[0]: line.split()[1:] for line in policy.split("; ")}
    assert directives["default-src"] == ["'self'"]
    assert "'unsafe-inline'" not in directives["script-src"]
    assert not any("//" in source or "*" in source for sources in directives.values() for source in sources)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page", ["/docs", "/admin/", "/admin/scheduling/jobconfig/", "/admin/scheduling/jobconfig/add/"]
)
def test_every_script_of_a_page_is_a_file_data_or_has_the_nonce(admin_client: Client, page: str) -> None:
    answer = admin_client.get(page)
    text, policy = answer.content.decode(), answer.headers["Content-Security-Policy"]
    for script in re.findall(r"<script([^>]*)>", text):
        nonce = re.search(r'nonce="([^"]+)"', script)
        assert "src=" in script or "application/json" in script or (nonce and f"'nonce-{nonce[1]}'" in policy)
    assert not re.search(r"<[^>]+\son[a-z]+=", text)
