"""How values look."""

import json
from typing import Any, cast

from django.contrib.admin.utils import display_for_field
from django.db.models import Field, Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def pretty_json(value: Any) -> SafeString:
    """A JSON value over several lines."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<pre class="r-log">{}</pre>', text)


def link(text: Any, view: str, *arguments: Any, **query: Any) -> SafeString:
    """A link to an admin page by its name."""
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{view}", args=arguments, query=query), text)


def field_of(model: type[Model], name: str) -> "Field[Any, Any]":
    """A column's field."""
    return cast("Field[Any, Any]", model._meta.get_field(name))


def shown(row: Model, name: str) -> str:
    """A field's value as the admin shows it; a symbol leads to its page and a trading day to its own."""
    value = getattr(row, name)
    text = display_for_field(value, field_of(type(row), name), "-")
    if name == "symbol":
        return link(text, "market_data_stock", value)
    if name == "trade_date" and value is not None:
        return link(text, "market_data_day", value.isoformat())
    return text
