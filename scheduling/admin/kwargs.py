"""A job's arguments: the field they are edited in, and what the declared schema tells about them."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from unfold.widgets import UnfoldAdminTextareaWidget

from scheduling.admin.display import json_text
from scheduling.registry import Job


class KwargsField(forms.JSONField):
    """A JSON object over several lines; nothing is an empty one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"widget": UnfoldAdminTextareaWidget(attrs={"rows": 6}), "required": False, **options})

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was written is shown again as it was."""
        return InvalidJSONInput(data or "")

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, InvalidJSONInput) else json_text(value)

    def clean(self, value: Any) -> dict[str, Any]:
        given = super().clean(value)
        if given is None:
            return {}
        if not isinstance(given, dict):
            raise ValidationError(gettext("Write a JSON object, such as {}."))
        if not _can_be_stored(given):
            raise ValidationError(
                gettext("Write numbers that are finite, and text without NUL or halves of characters.")
            )
        return given


def _can_be_stored(value: dict[str, Any]) -> bool:
    """PostgreSQL refuses some of what Python's parser takes for JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        return bool(text.encode()) and "\\u0000" not in text
    except ValueError:
        return False


def kwargs_help(declared: Job) -> str:
    """The arguments that a job takes, from its schema."""
    schema = declared.kwargs_model.model_json_schema()
    required = schema.get("required", [])
    rows = [_row(name, part, name in required) for name, part in schema.get("properties", {}).items()]
    if not rows:
        return gettext("It takes no arguments.")
    return format_html("<ul>{}</ul>", format_html_join("", "<li><code>{}</code> ({}): {}</li>", rows))


def _row(name: str, schema: Mapping[str, Any], is_required: bool) -> tuple[str, str, str]:
    kind = _kind(schema)
    known = json.dumps(schema.get("default"), ensure_ascii=False)
    default = gettext("required") if is_required else gettext("default %(value)s") % {"value": known}
    return name, f"{kind}, {default}", gettext(schema.get("description") or schema.get("title", name))


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "value")
