"""What the pages about alerts say, in both languages."""

import re
from pathlib import Path

import apprise
import pytest
import yaml

import stocksync
from scheduling import incidents

ROOT = Path(stocksync.__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = {"English": DOCS / "operations.md", "Chinese": DOCS / "alerts.zh-CN.md"}
KINDS = {watch.kind for local in (True, False) for watch in incidents.watches(local=local)}


@pytest.mark.parametrize("language", PAGES)
def test_each_kind_of_alert_is_explained(language: str) -> None:
    explained = set(re.findall(r"^\| `(\w+)` \|.*\|.*\|$", PAGES[language].read_text(), re.M))
    assert len(KINDS) == 10
    assert sorted(KINDS - explained) == []


def test_each_rule_for_prometheus_is_explained() -> None:
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())
    names = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    assert sorted(name for name in names if f"`{name}`" not in PAGES["English"].read_text()) == []


@pytest.mark.parametrize("page", ["alerts.md", "alerts.zh-CN.md"])
def test_each_address_that_is_shown_is_one(page: str) -> None:
    text = (DOCS / page).read_text()
    shown = [url for row in text.splitlines() if row.startswith("|") for url in re.findall(r"`(\w+://[^`]+)`", row)]
    assert len(shown) == 7
    secret = "0123456789abcdef" * 4
    made = {
        "ACCESS_TOKEN": secret,
        "SECRET": "SEC" + secret,
        "BOT_TOKEN": "123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI",
        "CHAT_ID": "12345",
        "KEY": "0123abcd-0123-0123-0123-0123456789ab",
        "TOKEN": "0123abcd-0123-0123-0123-0123456789ab",
    }
    for url in shown:
        for word, value in made.items():
            url = re.sub(rf"(?<![A-Z_]){word}(?![A-Z_])", value, url)
        assert apprise.Apprise().add(url), url
