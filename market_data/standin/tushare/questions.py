"""A call for data, as it comes over the wire."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from market_data.standin.tushare.interfaces import INTERFACES, Interface

MAX_OFFSET = 100_000


@dataclass(frozen=True)
class Question:
    """One call for data. Parameters are texts, absent ones left out."""

    api: str
    params: dict[str, str]
    fields: list[str]

    @property
    def interface(self) -> Interface:
        return INTERFACES.get(self.api, Interface())


def question(body: Mapping[str, Any]) -> Question:
    """Read the body of a call: `fields` may be a list or a text with commas."""
    params = {name: str(value) for name, value in (body.get("params") or {}).items() if value not in (None, "")}
    fields = body.get("fields") or []
    names = fields.split(",") if isinstance(fields, str) else fields
    return Question(str(body.get("api_name") or ""), params, [str(name).strip() for name in names])
