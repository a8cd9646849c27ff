"""Tushare's answers on the wire."""

from __future__ import annotations

import json
from uuid import uuid4

from market_data.files.writing import as_text
from market_data.frames import pa, pc


def data_of(table: pa.Table, *, has_more: bool) -> bytes:
    """Rows as Tushare sends them. Put together by columns: a day of the market is 60,000 numbers."""
    texts = [pc.fill_null(_as_json(column), "null") for column in table.columns]
    rows = pc.binary_join_element_wise(*texts, ",").to_pylist()
    items = f"[{','.join(f'[{row}]' for row in rows)}]"
    fields = json.dumps(table.column_names)
    more = json.dumps(has_more)
    data = f'{{"fields":{fields},"items":{items},"has_more":{more},"count":{table.num_rows}}}'
    return _envelope(0, "", data)


def refusal(code: int, message: str) -> bytes:
    return _envelope(code, message, "null")


def _envelope(code: int, message: str, data: str) -> bytes:
    said = json.dumps(message, ensure_ascii=False)
    return f'{{"request_id":"{uuid4()}","code":{code},"msg":{said},"detail":null,"data":{data}}}'.encode()


def _as_json(column: pa.ChunkedArray) -> pa.Array:
    if not pa.types.is_string(column.type):
        return as_text(column).cast(pa.string())
    encoded = column.combine_chunks().dictionary_encode()
    quoted = [json.dumps(text, ensure_ascii=False) for text in encoded.dictionary.to_pylist()]
    return pa.array(quoted, pa.string()).take(encoded.indices)
