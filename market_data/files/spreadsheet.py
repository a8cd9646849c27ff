"""Text cells that a spreadsheet would take for a formula."""

from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_text(value: Any) -> Any:
    """The cell, with an apostrophe before a text that begins like a formula. Numbers and days stay as they are."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
