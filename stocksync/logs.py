"""Log lines as they are written."""

import copy
import logging
import re
from typing import Any

from market_data.scrubbing import without
from stocksync.secrets import known_secrets

# Whatever ends a line or moves the cursor of a terminal, tabulators apart.
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def escaped(text: str) -> str:
    """One line, with what could end it or move the cursor written out."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class LineFormatter(logging.Formatter):
    """Text from outside cannot pass for a line of ours: a message is one line, and traces are indented.

    Nor does it show a secret of the settings.
    """

    def format(self, record: logging.LogRecord) -> str:
        own = copy.copy(record)
        own.exc_text = None  # another formatter may have left its own text here
        return without(super().format(own), known_secrets())

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        record.message = escaped(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return "\n".join(f"    {escaped(line)}" for line in super().formatException(ei).split("\n"))
