"""What PostgreSQL's planner knows of tables that have grown: with old figures counting takes ten times as long."""

from django.db import connection

from market_data.datasets import Dataset

COUNTED_BY = ("stock_basic", "suspend_d", "trade_cal", "coverage_cells")
GROWN = 2
_GROWN = (
    "SELECT relname FROM pg_class WHERE oid = ANY(%s::regclass[]) AND pg_relation_size(oid) > "
    f"CASE WHEN reltuples > 0 THEN {GROWN} * relpages * current_setting('block_size')::bigint ELSE 0 END"
)


def freshen(dataset: Dataset) -> None:
    """Have the tables that a count reads looked at where they are twice as large as when they were last. The server
    does so by itself, minutes later."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(_GROWN, [[dataset.table, *COUNTED_BY]])
        for (name,) in cursor.fetchall():
            columns = f"({', '.join(dataset.key)})" if name == dataset.table else ""
            cursor.execute(f"ANALYZE (SKIP_LOCKED) {name} {columns}")
