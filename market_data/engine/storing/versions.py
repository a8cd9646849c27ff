"""Reports as versions: the fields without a column as JSON, and a content that tells versions apart."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

from market_data.datasets import OtherFields
from market_data.frames import pa


def with_versions(rest: OtherFields, columns: dict[str, list[Any]], table: pa.Table) -> pa.Table:
    """Append `rest`, made of these columns, and `content`. Rows that are alike in every field are versions of their
    own: the source means it so."""
    kept = [
        {name: value for name, value in zip(columns, row, strict=True) if value not in (None, "")}
        for row in (zip(*columns.values(), strict=True) if columns else [()] * table.num_rows)
    ]
    table = table.append_column("rest", pa.array([_as_json(row) for row in kept], pa.string()))
    return table.append_column("content", pa.array(_contents(table.to_pylist()), pa.string()))


def _as_json(row: dict[str, Any]) -> str:
    return json.dumps(row, separators=(",", ":"), allow_nan=False)


def _contents(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for row in rows:
        digest = blake2b(json.dumps(list(row.values()), default=str).encode(), digest_size=16).hexdigest()
        seen[digest] += 1
        yield digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
