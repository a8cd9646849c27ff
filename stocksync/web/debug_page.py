"""The page about an error that DEBUG shows, and the text that is mailed: without a secret of the settings."""

from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter

from market_data.scrubbing import without
from stocksync.secrets import known_secrets


class Reporter(ExceptionReporter):
    """Django hides settings by their names; URLs with passwords also stand in variables and in the environment."""

    def get_traceback_html(self) -> SafeString:
        return mark_safe(without(super().get_traceback_html(), known_secrets()))  # noqa: S308 - Django escaped it

    def get_traceback_text(self) -> SafeString:
        return mark_safe(without(super().get_traceback_text(), known_secrets()))  # noqa: S308
