"""Secrets taken out of what a provider sent and of what people are told. Pure: the secrets are handed in."""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

HIDDEN = "***"
# Shorter ones are words that stand in any text.
SHORTEST = 6
_PASSWORD = re.compile(r"(\w[\w+.-]*://[^\s/:@'\"]*):[^\s@'\"]+@")


def without(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without these secrets, and without the password of any URL in it."""
    text = _PASSWORD.sub(rf"\1:{HIDDEN}@", text) if "://" in text else text
    for form in _forms(secrets):
        text = text.replace(form, HIDDEN)
    return text


def without_in_bytes(content: bytes, secrets: Iterable[str]) -> bytes:
    """An answer as it came, without these secrets: its values, the names of its columns, its messages."""
    for form in _forms(secrets):
        content = content.replace(form.encode(), HIDDEN.encode())
    return content


def without_in_json(value: Any, secrets: Iterable[str]) -> Any:
    """A JSON value, such as evidence, with every text and key in it scrubbed."""
    known = tuple(secrets)
    if isinstance(value, str):
        return without(value, known)
    if isinstance(value, dict):
        return {without(str(key), known): without_in_json(inner, known) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_in_json(inner, known) for inner in value]
    return value


def shown_url(url: str) -> str:
    """A URL as people may see it: without a password, and without its query, which may hold a token."""
    return without(url).partition("?")[0]


def _forms(secrets: Iterable[str]) -> list[str]:
    """How a secret may be written in a text, in a URL and in JSON, longest first: one may be a part of another."""
    long = {secret for secret in secrets if len(secret) >= SHORTEST}
    forms = {form for secret in long for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])}
    return sorted(forms, key=len, reverse=True)
