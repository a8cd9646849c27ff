"""What questions have in common: the days, the symbols, the fields that they name."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from market_data.api.bounds import LONGEST_SYMBOL, MOST_SYMBOLS

SYMBOL = rf"[\w.^=-]{{1,{LONGEST_SYMBOL}}}"
DAY_FORMATS = ["%Y-%m-%d", "%Y%m%d"]


class WindowQuery(serializers.Serializer[dict[str, Any]]):
    """A field that is left blank is refused: it would be taken for left out, which asks for everything."""

    start = serializers.DateField(required=False, input_formats=DAY_FORMATS, help_text="First day.")
    end = serializers.DateField(required=False, input_formats=DAY_FORMATS, help_text="Last day.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        blank = [name for name, text in self.initial_data.items() if text == "" and name in self.fields]
        if blank:
            raise ValidationError(dict.fromkeys(blank, "Give a value, or leave it out."))
        start, end = given.get("start"), given.get("end")
        if start and end and start > end:
            raise ValidationError({"start": f"{start} is after the end {end}."})
        return given


class FieldsQuery(serializers.Serializer[dict[str, Any]]):
    """Lets a serializer have `fields`, a name that serializers use themselves: it is declared as `fields_`."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["fields"] = fields.pop("fields_")
        return fields


def symbols_field(more: str = "") -> serializers.RegexField:
    """`more` ends the help text."""
    return serializers.RegexField(
        rf"^{SYMBOL}(,{SYMBOL})*$",
        required=False,
        error_messages={"invalid": "Symbols look like 600000.SH; separate several with commas."},
        help_text=f"Such as 600000.SH, or several with commas between, at most {MOST_SYMBOLS}.{more}",
    )


def limit_field(most: int) -> serializers.IntegerField:
    """How many rows of a table, where JSON comes in pages and other formats whole."""
    return serializers.IntegerField(
        min_value=1,
        max_value=most,
        required=False,
        help_text=f"Of JSON {most} unless it is given; the Link header leads to what follows. Other formats come "
        "whole where it is not.",
    )


def distinct(symbols: Iterable[str]) -> tuple[str, ...]:
    """In capitals and each once. Raises ValidationError where they are too many."""
    found = tuple(dict.fromkeys(symbol.upper() for symbol in symbols))
    if len(found) > MOST_SYMBOLS:
        raise ValidationError(f"These are {len(found)} symbols; ask for at most {MOST_SYMBOLS} at a time.")
    return found


ROW: dict[str, object] = {"type": "object", "additionalProperties": {}}
ROWS = {200: {"type": "array", "items": ROW}}
"""What is answered where the columns depend on the question, for the description."""
