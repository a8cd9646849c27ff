import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def web_settings(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path


@pytest.fixture(autouse=True)
def ada(db: None) -> User:
    return User.objects.create_superuser("ada")


def test_the_token_stands_alone_on_the_last_line_and_opens_the_interface(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_token", "ada")
    token = capsys.readouterr().out.splitlines()[-1]
    assert token.isalnum()
    answer = APIClient(headers={"Authorization": f"Token {token}"}).get("/scheduler/jobs")
    assert answer.status_code == 200


def test_each_token_is_a_new_one_and_the_old_ones_stay(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        call_command("create_token", "ada", "--json")
    tokens = [json.loads(line)["token"] for line in capsys.readouterr().out.splitlines()]
    assert len(set(tokens)) == 2
    for token in tokens:
        assert APIClient(headers={"Authorization": f"Token {token}"}).get("/scheduler/status").status_code == 200


@pytest.mark.parametrize("name", ["nobody", "gone"])
def test_for_nobody_and_for_who_has_gone_there_is_none(capsys: pytest.CaptureFixture[str], name: str) -> None:
    User.objects.create_user("gone", is_active=False)
    with pytest.raises(SystemExit) as stop:
        call_command("create_token", name)
    said = capsys.readouterr()
    assert (stop.value.code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert name in said.err
