"""Rows as they are stored, in columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from market_data.frames import pa
from market_data.queries import mirror
from market_data.queries.columns import question, read, read_table
from market_data.queries.ordering import in_order
from market_data.queries.wanted import BY_SYMBOL_AND_DAY, Wanted

ROWS_AT_A_TIME = 100_000
FEW_DAYS, FEW_SYMBOLS = 15, 200
"""Below these the database finds the rows by an index before the mirror's files are opened."""


def stored_table(wanted: Wanted, names: Sequence[str] = ()) -> pa.Table:
    """The rows ascending by key, as they are stored; `names` are the columns, all that are worth reading if none."""
    names = names or wanted.names
    if wanted.dataset.key != BY_SYMBOL_AND_DAY:
        return read_table(question(wanted.rows().order_by(*wanted.dataset.key), *names))
    if not _is_for_the_mirror(wanted):
        return in_order(read_table(question(wanted.rows(), *names)))
    found = mirror.mirrored(wanted.dataset, wanted.start, wanted.end)
    tables = [mirror.read_file(file, names, wanted) for file in found.files]
    tables += [read_table(question(wanted.between(*hole).rows(), *names)) for hole in found.holes]
    return in_order(pa.concat_tables(tables))


def stored_pieces(wanted: Wanted) -> Iterator[pa.Table]:
    """The rows ascending by key, as they are stored, some hundred thousand at a time in memory."""
    if wanted.dataset.key == BY_SYMBOL_AND_DAY and _is_for_the_mirror(wanted):
        found = mirror.mirrored(wanted.dataset, wanted.start, wanted.end)
        if found.files and not any(wanted.between(*hole).rows().exists() for hole in found.holes):
            for span in mirror.spans_of_symbols(found.files, ROWS_AT_A_TIME):
                yield in_order(mirror.read_symbols(found.files, wanted.names, wanted, span))
            return
    with read(question(wanted.rows().order_by(*wanted.dataset.key), *wanted.names)) as batches:
        for batch in batches:
            yield pa.Table.from_batches([batch])


def _is_for_the_mirror(wanted: Wanted) -> bool:
    few_days = wanted.start and wanted.end and (wanted.end - wanted.start).days < FEW_DAYS
    few_symbols = wanted.symbols is not None and len(wanted.symbols) < FEW_SYMBOLS
    return mirror.is_on() and not few_days and not few_symbols
