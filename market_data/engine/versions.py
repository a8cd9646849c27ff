"""Reports as versions: the fields without a column as JSON, and a content that tells versions apart."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

import pyarrow as pa

from market_data.datasets import Rest
from market_data.providers.base import Answer


def with_versions(rest: Rest, answer: Answer, table: pa.Table) -> pa.Table:
    """Append `rest` and `content`. Rows that are alike in every field are versions of their own: the source means it
    so. Raises pa.ArrowException or ValueError for figures that are none."""
    present = [name for name in rest.names if name in answer.columns]
    columns = [_values(rest, name, answer.columns[name]) for name in present]
    kept = [
        {name: value for name, value in zip(present, row, strict=True) if value not in (None, "")}
        for row in (zip(*columns, strict=True) if columns else [()] * answer.rows)
    ]
    table = table.append_column("rest", pa.array([_as_json(row) for row in kept], pa.string()))
    return table.append_column("content", pa.array(_contents(table.to_pylist()), pa.string()))


def _values(rest: Rest, name: str, values: list[Any]) -> list[Any]:
    kind = pa.string() if name in rest.texts else pa.float64()
    return pa.array(values, kind, from_pandas=True).to_pylist()  # type: ignore[no-any-return]


def _as_json(row: dict[str, Any]) -> str:
    return json.dumps(row, separators=(",", ":"), allow_nan=False)


def _contents(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for row in rows:
        digest = blake2b(json.dumps(list(row.values()), default=str).encode(), digest_size=16).hexdigest()
        seen[digest] += 1
        yield digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
