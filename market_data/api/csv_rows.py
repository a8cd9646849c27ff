"""Rows as CSV: for programs as they are, for a person's browser so that a spreadsheet takes no text for a formula."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from market_data.files.spreadsheet import as_text


class CSVQuery(serializers.Serializer[dict[str, Any]]):
    spreadsheet = serializers.BooleanField(
        required=False,
        help_text="Of CSV: whether texts that begin like a formula get an apostrophe. Left out: for browsers that are "
        "signed in, and not for programs with a token.",
    )


def is_for_people(request: Request | None) -> bool:
    """What `spreadsheet` says; without it, whether a browser asks, which has no token."""
    if request is None:
        return False
    given = request.query_params.get("spreadsheet")
    return request.auth is None if given is None else given in serializers.BooleanField.TRUE_VALUES


class CSVRenderer(BaseRenderer):
    """A list of dicts under the view's `csv_columns`."""

    media_type = "text/csv"
    format = "csv"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> str:
        text = io.StringIO()
        columns = renderer_context["view"].csv_columns if renderer_context else ()
        if is_for_people(renderer_context["request"] if renderer_context else None):
            data = [{name: as_text(value) for name, value in row.items()} for row in data]
        writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(data)
        return text.getvalue()
