"""The write path of PostgreSQL against Django's bulk_create with update_conflicts, and against a bare COPY and INSERT.

Frames of 6,000 new rows each, written in turns A B C A B C …; prints the ratios pair by pair.
"""

import os
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta

FRAMES, SYMBOLS, DAYS = 12, 60, 100


def main() -> None:
    from tests.benchmarks.harness import postgresql

    with postgresql() as database:
        os.environ.update(DATABASE_URL=database, DJANGO_SETTINGS_MODULE="stocksync.settings")
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        compare()
        connection.close()


def compare() -> None:
    ours, bulk, bare = [], [], []
    for number in range(FRAMES):
        frames = [frame(3 * number + offset) for offset in range(3)]
        ours.append(timed(write_ours, frames[0]))
        bulk.append(timed(write_bulk_create, frames[1]))
        bare.append(timed(write_bare, frames[2]))
    print(f"bulk_create(update_conflicts) / ours = {ratio(bulk, ours)}")
    print(f"bare COPY + INSERT ON CONFLICT / ours = {ratio(bare, ours)}")
    again = [timed(write_ours, frame(3 * number)) for number in range(FRAMES)]
    print(
        f"ours: {SYMBOLS * DAYS / statistics.median(ours):,.0f} new rows/s, "
        f"{SYMBOLS * DAYS / statistics.median(again):,.0f} unchanged rows/s"
    )


def ratio(others: list[float], ours: list[float]) -> str:
    ratios = sorted(other / own for other, own in zip(others, ours, strict=True))
    return f"{statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})"


def timed(write: Callable[[list[tuple]], None], rows: list[tuple]) -> float:  # type: ignore[type-arg]
    prepared = write(rows)  # type: ignore[func-returns-value]
    began = time.perf_counter()
    prepared()
    return time.perf_counter() - began


def frame(number: int) -> list[tuple]:  # type: ignore[type-arg]
    first = date(2000, 1, 1) + timedelta(days=number * DAYS)
    prices = (10.01, 10.5, 9.87, 10.2, 10.0, 0.2, 2.0, 123456.0, 1259251.2)
    return [
        (f"{600000 + s}.SH", first + timedelta(days=d), *(price + s / 64 for price in prices))
        for s in range(SYMBOLS)
        for d in range(DAYS)
    ]


def write_ours(rows):  # type: ignore[no-untyped-def]
    import pyarrow as pa
    from django.db import transaction

    from market_data.datasets import DATASETS
    from market_data.engine.ledger import clock
    from market_data.engine.storing.writer import upsert

    daily = DATASETS["daily"]
    kinds = [pa.string(), pa.date32(), *[pa.float64()] * 9]
    table = pa.table([pa.array(c, k) for c, k in zip(zip(*rows, strict=True), kinds, strict=True)], list(daily.columns))

    def write() -> None:
        with transaction.atomic():
            upsert(daily, table, clock.now())

    return write


def write_bulk_create(rows):  # type: ignore[no-untyped-def]
    from market_data.datasets import DATASETS
    from market_data.models import DailyBar

    names = DATASETS["daily"].columns
    bars = [DailyBar(provider="tushare", **dict(zip(names, row, strict=True))) for row in rows]

    def write() -> None:
        DailyBar.objects.bulk_create(
            bars, update_conflicts=True, unique_fields=["symbol", "trade_date"], update_fields=list(names[2:])
        )

    return write


def write_bare(rows):  # type: ignore[no-untyped-def]
    from django.db import connection, transaction

    from market_data.datasets import DATASETS

    names = ", ".join(DATASETS["daily"].columns)
    updates = ", ".join(f"{n} = excluded.{n}" for n in DATASETS["daily"].columns[2:])

    def write() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE bare (LIKE daily INCLUDING DEFAULTS) ON COMMIT DROP")
            with cursor.copy(f"COPY bare ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(
                f"INSERT INTO daily ({names}) SELECT {names} FROM bare "
                f"ON CONFLICT (symbol, trade_date) DO UPDATE SET {updates}"
            )

    return write


if __name__ == "__main__":
    main()
