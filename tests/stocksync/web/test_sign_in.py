"""Who guesses is held up, and nobody else."""

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from rest_framework.test import APIClient

from stocksync.web.sign_in import WRONG_TOKENS

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-password-of-root"


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


def log_in(password: str, name: str = "root", **headers: str) -> Any:
    return Client().post("/admin/login/?next=/admin/", {"username": name, "password": password}, headers=headers)


def test_a_name_is_locked_for_an_address_that_has_guessed_too_often(root: User, settings: Any) -> None:
    assert log_in(PASSWORD).status_code == 302
    answers = [log_in("wrong") for _ in range(settings.AXES_FAILURE_LIMIT)]
    assert {answer.status_code for answer in answers[:-1]} == {200}
    locked = log_in(PASSWORD)
    assert (locked.status_code, locked.headers["Retry-After"]) == (429, "900")
    assert locked.content.decode().endswith(".")


def test_others_are_not_locked_out_with_them(root: User, settings: Any) -> None:
    User.objects.create_superuser("other", password=PASSWORD)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        log_in("wrong")
    assert log_in(PASSWORD, "other").status_code == 302
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    assert log_in(PASSWORD, **{"X-Forwarded-For": "10.0.0.9"}).status_code == 302


def test_a_made_up_address_does_not_help_to_guess(root: User, settings: Any) -> None:
    for number in range(settings.AXES_FAILURE_LIMIT):
        log_in("wrong", **{"X-Forwarded-For": f"10.0.0.{number}"})
    assert log_in(PASSWORD, **{"X-Forwarded-For": "10.0.0.99"}).status_code == 429


@pytest.mark.parametrize("address", ["", "nobody", "10.0.0.1:80", "::1", "x" * 5000])
def test_any_text_may_stand_for_an_address(root: User, settings: Any, address: str) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    assert log_in("wrong", **{"X-Forwarded-For": address}).status_code == 200
    assert log_in(PASSWORD, **{"X-Forwarded-For": address}).status_code == 302


def test_code_without_a_request_may_sign_people_in(root: User) -> None:
    assert authenticate(username="root", password=PASSWORD) == root
    assert Client().login(username="root", password=PASSWORD)
    assert not Client().login(username="root", password="wrong")


@pytest.mark.parametrize("password", ["short", "password123", "7418529630741", "somebody-1"])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, User(username="somebody"))


def test_an_address_that_tries_tokens_is_held_up_and_the_right_one_passes(api: APIClient) -> None:
    guesses = [APIClient(headers={"Authorization": f"Token {n:064x}"}) for n in range(WRONG_TOKENS + 1)]
    answers = [guess.get("/scheduler/jobs") for guess in guesses]
    assert {answer.status_code for answer in answers[:-1]} == {401}
    assert (answers[-1].status_code, answers[-1].json()["error"]["code"]) == (429, "throttled")
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert api.get("/scheduler/jobs").status_code == 200
