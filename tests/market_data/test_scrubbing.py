"""Secrets are in nothing that is stored or told."""

import json
from typing import Any

import pytest

from market_data.scrubbing import shown_url, without, without_in_bytes, without_in_json

TOKEN = 'a-token/with "quotes" and ü'


@pytest.mark.parametrize(
    "text",
    [
        f"your token {TOKEN} is wrong",
        "your token a-token%2Fwith%20%22quotes%22%20and%20%C3%BC is wrong",
        f"it said {json.dumps(TOKEN)}",
    ],
)
def test_a_secret_is_taken_out_however_it_is_written(text: str) -> None:
    said = without(text, [TOKEN])
    assert "***" in said
    assert "a-token" not in said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:pw@db:5432/x", "postgresql://me:***@db:5432/x"),
        ("at redis://:pw@host/0 and amqp://a:b@c//", "at redis://:***@host/0 and amqp://a:***@c//"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("http://host/a?b=c@d", "http://host/a?b=c@d"),
    ],
)
def test_the_password_of_a_url_is_never_shown(text: str, shown: str) -> None:
    assert without(text) == shown


def test_the_query_of_a_url_is_not_shown() -> None:
    assert shown_url("https://me:pw@host/path?token=abc") == "https://me:***@host/path"


def test_one_secret_within_another_leaves_nothing_of_either() -> None:
    assert without("abcdefghij", ["abcdef", "abcdefghij"]) == "***"


def test_short_words_are_no_secrets() -> None:
    assert without("a test of postgres", ["a", "test"]) == "a test of postgres"


def test_names_and_values_of_json_are_scrubbed_and_numbers_stay() -> None:
    value: Any = {"my-secret": [1.5, None, {"deep": "x my-secret y"}], "n": 10**17}
    assert without_in_json(value, ["my-secret"]) == {"***": [1.5, None, {"deep": "x *** y"}], "n": 10**17}


def test_an_answer_is_scrubbed_as_it_came() -> None:
    sent = json.dumps({"data": {"fields": ["my-secret"], "items": [["my-secret", 5]]}}).encode()
    assert json.loads(without_in_bytes(sent, ["my-secret"])) == {"data": {"fields": ["***"], "items": [["***", 5]]}}
