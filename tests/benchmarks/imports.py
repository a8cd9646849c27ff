"""Files in, on PostgreSQL: one large file against the write path, and many small files against one large one.

    python -m tests.benchmarks.imports [--rows 200000] [--files 500]

Prints the ratios within the run and the peak memory of the command.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from pathlib import Path

HEADER = "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n"
ROWS_A_FILE = 40
FRAME_ROWS = 6000


def main() -> None:
    from tests.benchmarks.harness import postgresql

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the large file")
    parser.add_argument("--files", type=int, default=500, help="small files of 40 rows")
    arguments = parser.parse_args()
    with postgresql() as database, tempfile.TemporaryDirectory() as folder:
        os.environ.update(DATABASE_URL=database, DJANGO_SETTINGS_MODULE="stocksync.settings")
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        compare(Path(folder), arguments.rows, arguments.files)
        connection.close()


def compare(folder: Path, rows: int, files: int) -> None:
    from market_data.datasets import dataset_named
    from market_data.engine.running import whole
    from market_data.files.importing import import_files
    from tests.benchmarks.harness import ROOT

    daily = dataset_named("daily")
    whole.store_copy(dataset_named("trade_cal"))
    written = write_path(rows)
    large = folder / "large.csv"
    with large.open("w", encoding="utf-8") as file:
        file.writelines(chain([HEADER], lines(1000, rows)))
    took = timed(lambda: import_files(daily, [large]))
    print(f"one file of {rows:,} rows: {rows / took:,.0f} rows/s, {written * took / rows:.2f} x the write path's time")
    print(f"rate / write path's rate = {rows / took / written:.2f}")
    small = list(small_files(folder, files))
    took_small = timed(lambda: import_files(daily, small))
    count = files * ROWS_A_FILE
    each = took_small / files * 1000
    print(f"{files:,} files of {ROWS_A_FILE} rows: {count / took_small:,.0f} rows/s, {each:.1f} ms a file")
    print(f"time per row, small files / one large file = {(took_small / count) / (took / rows):.2f}")
    subprocess.run([sys.executable, "manage.py", "import_data", "daily", large], cwd=ROOT, check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of the command with the large file: {peak:.0f} MB")


def write_path(rows: int) -> float:
    """Rows a second of the write path alone, as in `write_path.py`."""
    from tests.benchmarks.write_path import frame, timed, write_ours

    frames = [frame(number) for number in range(max(1, min(20, rows // FRAME_ROWS)))]
    return len(frames) * FRAME_ROWS / sum(timed(write_ours, rows) for rows in frames)


def lines(first: int, rows: int) -> Iterator[str]:
    """Bars of made-up stocks, sixteen years of each."""
    for number in range(rows):
        stock, day = divmod(number, 4000)
        moment = date(2005, 1, 3) + timedelta(days=day)
        price = 10 + number % 700 / 100
        yield (
            f"{600000 + first + stock}.SH,{moment:%Y%m%d},{price:.2f},{price + 0.3:.2f},{price - 0.3:.2f},{price:.2f},"
            f"{price:.2f},0.0,0.0,{1000 + number % 977}.17,{(1000 + number % 977) * price / 10:.3f}\n"
        )


def small_files(folder: Path, files: int) -> Iterator[Path]:
    for number in range(files):
        path = folder / f"{603000 + number % 1000}_{number}.csv"
        first = 2000 + number
        path.write_text(HEADER + "".join(lines(first, ROWS_A_FILE)), encoding="utf-8")
        yield path


def timed(work) -> float:  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    done = work()
    took = time.perf_counter() - began
    if done.complaints:
        raise SystemExit(done.complaints[0])
    return took


if __name__ == "__main__":
    main()
