"""Stored rows in the columns and units that people ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any, Literal

from market_data.datasets import Dataset, Field, OtherFields
from market_data.frames import np, pa, pc, pj
from market_data.queries import Adjust, Wanted, stored_batches
from market_data.queries.adjusting import FILLED
from market_data.queries.columns import schema_of

Units = Literal["native", "tushare"]
_SMALL = 1e11
"""Below it four decimals fit into the fifteen digits that sources have at most."""


@dataclass(frozen=True)
class Selection:
    """What is exported: of these symbols (None: all), on these days (None: no limit).

    `for_spreadsheets`: texts of CSV that begin like a formula get an apostrophe, and differ from the data by it.
    """

    dataset: Dataset
    start: date | None = None
    end: date | None = None
    symbols: tuple[str, ...] | None = None
    adjust: Adjust = "none"
    units: Units = "native"
    for_spreadsheets: bool = False

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.dataset, self.start, self.end, self.symbols)


def schema_of_selection(selection: Selection) -> pa.Schema:
    """The columns of every piece of `pieces`."""
    names = selection.wanted.names
    return shape(selection, schema_of(selection.dataset.model, names).empty_table()).schema


def pieces(selection: Selection) -> Iterator[tuple[pa.Table, int]]:
    """The rows ascending by key, in pieces, each with the number of its bars whose factor was filled in."""
    for piece in stored_batches(selection.wanted, selection.adjust, to_decimals=True):
        filled = pc.sum(piece[FILLED]).as_py() or 0 if FILLED in piece.column_names else 0
        yield shape(selection, piece), filled


def shape(selection: Selection, piece: pa.Table) -> pa.Table:
    """Stored columns in the names and units of the selection, the JSON column as columns of its own."""
    dataset = selection.dataset
    columns = {field.name: (field, piece[field.name]) for field in dataset.shown}
    if selection.units == "tushare":
        shaped = {field.source: to_source(field, column) for field, column in columns.values()}
    else:
        shaped = {name: column for name, (_, column) in columns.items()}
    return pa.table(shaped | (_unpacked(dataset.other_fields, piece["rest"]) if dataset.other_fields else {}))


def _unpacked(rest: OtherFields, texts: pa.ChunkedArray) -> dict[str, Any]:
    """The fields of the JSON column as columns of their own."""
    if not rest.names:
        return {}
    schema = pa.schema([(name, pa.string() if name in rest.texts else pa.float64()) for name in rest.names])
    if not len(texts):
        return dict(zip(schema.names, schema.empty_table().columns, strict=True))
    lines = "\n".join(texts.to_pylist()).encode()
    options = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    table = pj.read_json(BytesIO(lines), pj.ReadOptions(block_size=max(len(lines), 1)), options)
    return {name: table[name] for name in rest.names}


def to_source(field: Field, column: pa.ChunkedArray) -> Any:
    """A stored column as the source sent it, to the digit."""
    if field.kind == "date":
        return pc.strftime(column, "%Y%m%d")
    if field.kind == "flag":
        return column.cast(pa.int64())
    if field.scale != 1.0:
        return pa.array(_unscaled(np.asarray(column.to_numpy(), dtype=np.float64), field.scale), from_pandas=True)
    return column


def _unscaled(values: np.ndarray[Any, np.dtype[np.float64]], scale: float) -> Any:
    """Dividing may be off in the 17th digit; sources have at most 15, and mostly four decimals."""
    divided = values / scale
    whole = np.rint(divided * 10_000)
    is_plain = (np.abs(divided) < _SMALL) & (np.abs(divided * 10_000 - whole) <= 4 * np.spacing(np.abs(whole) + 1))
    found = np.where(is_plain, whole / 10_000, divided)
    for at in np.flatnonzero(~is_plain & ~np.isnan(values)):
        found[at] = float(f"{divided[at]:.15g}")
    return found
